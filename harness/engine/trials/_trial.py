"""One test on a lab: its target is leased, looked at before and after, and everything done to it is written down."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from harness.core.errors import InputError, LeaseLostError, TransportError
from harness.core.exitcodes import ExitCode
from harness.core.model import (
    ActionResult,
    Blocked,
    ClusterCoverage,
    FabricFacts,
    FabricVerdict,
    GuestVerdict,
    LaneFailure,
    Plan,
    Playbook,
)
from harness.core.moves import MoveMatrix
from harness.core.preflight import Preflight, UpgradeWish
from harness.engine._hold import places_of
from harness.engine._record import RunRecord
from harness.engine._run import Run
from harness.engine.events import Subscriber
from harness.engine.trials._lab import Lab
from harness.engine.trials._simulated import SimControl
from harness.engine.trials._survey import LabCluster, LabGuest, LabHost, Survey, Target
from harness.lab import load_playbook

__all__ = ["HostSilentError", "PlaybookRun", "Trial", "TrialSinks"]


class HostSilentError(TransportError):
    """A host did not answer, so that nothing can be said of what is on it. ``target`` is the host."""

    code = "host_silent"


@dataclass(frozen=True, slots=True)
class TrialSinks:
    """Where a trial writes what happens: events, the transcript's lines, and each run's record with its evidence."""

    events: Subscriber
    transcript: Callable[[str], None]
    record: Callable[[RunRecord, Mapping[str, bytes]], None]


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """A playbook that was carried out: what was planned, how each action ended, what is true now."""

    record: RunRecord
    exit_code: ExitCode

    @property
    def run_id(self) -> str:
        """The run's id in the store."""
        return self.record.run_id

    @property
    def plan(self) -> Plan:
        """What was to be changed, and what could not be."""
        assert self.record.plan is not None
        return self.record.plan

    @property
    def results(self) -> tuple[ActionResult, ...]:
        """One outcome for each action of the plan; empty where everything was right already."""
        return self.record.results

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """Targets that a step could not serve, each with its cause."""
        return self.plan.blocked

    @property
    def verify(self) -> FabricVerdict:
        """The verdicts on hosts and guests, from facts gathered afterwards."""
        assert self.record.verdict is not None
        return self.record.verdict

    @property
    def clusters(self) -> tuple[ClusterCoverage, ...]:
        """For each cluster whether its guests stay activated wherever they move, from the same facts."""
        return self.record.clusters

    @property
    def silent(self) -> Mapping[str, LaneFailure]:
        """Hosts that did not answer at the end, with the failure."""
        return _silent(self.record)


class Trial:
    """What the fixtures of one test share.

    Args:
        lab: the lab.
        name: the test's name, for the store and the leases.
        target: what the test works with.
        sinks: where its story goes.
        may_spend: whether it may do what cannot be undone on a real lab, as applying host keys.
    """

    def __init__(self, lab: Lab, name: str, target: Target, sinks: TrialSinks, *, may_spend: bool) -> None:
        self.lab = lab
        self.target = target
        self.before: FabricFacts | None = None
        self.silent: dict[str, str] = {}
        self._control: SimControl | None = None
        self._name = name
        self._sinks = sinks
        self._may_spend = may_spend
        self._guests = frozenset({target.vm_id}) if target.vm_id else None

    @property
    def survey(self) -> Survey:
        """The lab as it was found at the beginning."""
        return self.lab.survey

    def begin(self) -> None:
        """Lease the hosts and look at them.

        Raises:
            LockHeldError: somebody else holds them, and held them as long as we wait.
            HostSilentError: the host, or the one that the guest was on, does not answer.
        """
        self.lab.prepare(self.target)
        self.lab.hold.take(places_of(self.survey.inventory, self.target.held))
        self.before = self.facts()
        needed = self.target.hosts if self.target.vm_id is None else ()
        self._answered(needed)
        if self.target.vm_id is not None and not self.before.guests:
            self._answered(self.target.hosts)
            raise InputError("No host lists this guest any more.", target=self.target.name, hint="Was it removed?")

    def end(self) -> None:
        """Look again, for the record. The test is over: a host that is silent now has failed no test."""
        self.facts()

    def facts(self) -> FabricFacts:
        """Ask the target's hosts and guests anew."""
        with self._run("facts") as run:
            return run.gather()

    def playbook_run(
        self, playbook: str | Path, *, tags: tuple[str, ...] = (), folder: Path | None = None
    ) -> PlaybookRun:
        """Carry out a playbook on the target: gather, plan, apply, verify.

        Args:
            playbook: a shipped playbook's name, or a path; relative ones from ``folder`` first.
            tags: only steps that carry one of them.
            folder: where the test's file is.

        Raises:
            InputError: there is no such playbook; or it would spend a host key on a real lab, and the test may not.
            LeaseLostError: somebody took the hosts over; what was not done by then was not done.
        """
        wanted = _found(playbook, folder)
        with self._run(f"apply {wanted.name}", wanted) as run:
            run.gather()
            self._permit(run.plan(tags=tags))
            run.apply()
            run.verify()
            code = run.exit_code()
        lost = next((result for result in run.record.results if result.code == LeaseLostError.code), None)
        if lost is not None:
            raise LeaseLostError(lost.message, target=lost.action.host, hint=lost.next_step)
        return PlaybookRun(run.record, code)

    def verify(self, guest: LabGuest | str) -> GuestVerdict:
        """The verdict on one guest, from facts gathered now.

        Args:
            guest: as a fixture gives it, or the VM's name or id.

        Raises:
            HostSilentError: it is on no host that answered, and one did not.
            InputError: the lab has no such guest.
        """
        wanted = guest.vm_id if isinstance(guest, LabGuest) else guest.casefold()
        name = guest.name if isinstance(guest, LabGuest) else guest
        known = {one.vm_id for one in self.survey.guests if wanted in (one.vm_id, one.name.casefold())}
        with self._run("verify", guests=frozenset(known) if len(known) == 1 else None) as run:
            verdict = run.verify()
        for found in verdict.guests:
            if wanted in (found.vm_id, found.name.casefold()):
                return found
        self._answered(self.target.hosts)
        raise InputError("No host of this test lists such a guest.", target=name, hint="Is its name right?")

    def moves(self) -> MoveMatrix:
        """Where each VM of the target's hosts stays activated, from facts gathered now."""
        with self._run("moves") as run:
            return run.moves()

    def preflight(self, to: str, *, edition: str | None = None, window: timedelta = timedelta(days=1)) -> Preflight:
        """What an upgrade of the target's hosts and their guests would do, from facts gathered now.

        Args:
            to: the release, as "2025".
            edition: what the guests become, where setup is to change it.
            window: how long it may take.

        Raises:
            InputError: there is no such release or edition.
        """
        with self._run(f"preflight --to {to}") as run:
            return run.preflight(UpgradeWish(to, edition=edition, window=window))

    @property
    def host(self) -> LabHost:
        """The host of this test; of a guest, the one it was on."""
        name = self.guest.host if self.target.vm_id else self.target.hosts[0]
        return next(host for host in self.survey.hosts if host.name == name)

    @property
    def guest(self) -> LabGuest:
        """The guest of this test, on the host where it was when the test began."""
        guest = next(one for one in self.survey.guests if one.vm_id == self.target.vm_id)
        lanes = self.before.guests if self.before else ()
        return next((replace(guest, host=lane.host) for lane in lanes if lane.vm.vm_id == guest.vm_id), guest)

    @property
    def cluster(self) -> LabCluster:
        """The cluster of this test."""
        return next(cluster for cluster in self.survey.clusters if cluster.name == self.target.group)

    def control(self) -> SimControl:
        """The control of the simulated lab. Whoever has it may break things on purpose, so no host is blamed then."""
        assert self.lab.simulated is not None
        self._control = self._control or SimControl(self.lab.simulated.control.url)
        return self._control

    @property
    def control_calls(self) -> tuple[str, ...]:
        """What the test did to the simulated lab."""
        return tuple(self._control.calls) if self._control is not None else ()

    def blame(self, error: BaseException, test: str) -> None:
        """The test failed with ``error``: quarantine the hosts that did not answer; what a host says is no reason."""
        if self._control is not None:
            return
        causes = dict(self.silent)
        if isinstance(error, TransportError):
            host = error.target if error.target in self.target.held else None
            alone = self.target.held[0] if len(self.target.held) == 1 and error.target is None else None
            causes |= {name: error.message for name in (host, alone) if name is not None}
        for name, cause in causes.items():
            self.lab.quarantine.setdefault(name, f"{cause} (first in {test})")

    def properties(self) -> dict[str, str]:
        """What a report says of where the test ran: inventory, hosts, their builds, their host keys' versions, seed."""
        lanes = self.before.hosts if self.before is not None else ()
        known = {lane.name: lane.facts for lane in lanes if lane.facts is not None}
        keys = {name: facts.activation.version for name, facts in known.items() if facts.activation is not None}
        simulated = self.lab.simulated
        return {
            "inventory": self.lab.path,
            "hosts": ", ".join(self.target.hosts),
            "builds": ", ".join(f"{name} {facts.os.version}" for name, facts in known.items()),
            "key_versions": ", ".join(f"{name} {version or 'unknown'}" for name, version in keys.items()),
            "seed": str(simulated.seed) if simulated is not None else "",
        }

    @contextmanager
    def _run(self, what: str, playbook: Playbook | None = None, guests: frozenset[str] | None = None) -> Iterator[Run]:
        """A run of this trial, whose record is kept however it ends."""
        run = None
        try:
            with self.lab.run(
                f"pytest: {what} ({self._name})",
                self.target.hosts,
                guests=guests or self._guests,
                playbook=playbook,
                subscriber=self._sinks.events,
                transcript=self._sinks.transcript,
            ) as run:
                yield run
        finally:
            if run is not None:
                self._keep(run)

    def _keep(self, run: Run) -> None:
        self.silent = {host: failure.message for host, failure in _silent(run.record).items()}
        self._sinks.record(run.record, self.lab.store.evidence.read(run.record.run_id))

    def _permit(self, plan: Plan) -> None:
        final = [action for action in plan.actions if not action.refundable]
        if final and not self._may_spend:
            raise InputError(
                f"The playbook would spend host keys, which nothing gives back: {', '.join(a.target for a in final)}.",
                hint="Mark the test destructive and run it with --lab-allow-destructive.",
            )

    def _answered(self, hosts: tuple[str, ...]) -> None:
        for host in hosts:
            if host in self.silent:
                raise HostSilentError(self.silent[host], target=host)


def _silent(record: RunRecord) -> dict[str, LaneFailure]:
    lanes = record.facts.hosts if record.facts else ()
    return {lane.name: lane.failure for lane in lanes if lane.failure is not None and lane.failure.unreachable}


def _found(playbook: str | Path, folder: Path | None) -> Playbook:
    beside = folder / playbook if folder is not None else None
    return load_playbook(str(beside) if beside is not None and beside.is_file() else str(playbook))
