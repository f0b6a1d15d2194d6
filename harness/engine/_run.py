"""A run from its first question to its exit code."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Self

from harness.core.errors import HarnessError, InputError, LeaseLostError, LockHeldError
from harness.core.exitcodes import ExitCode, highest
from harness.core.masking import masked
from harness.core.model import (
    ActionState,
    FabricFacts,
    FabricVerdict,
    Plan,
    Playbook,
    Settlement,
    StepKind,
    Verdict,
)
from harness.core.moves import MoveMatrix, moves
from harness.core.planning import coverage, make_plan, proof_of
from harness.core.preflight import Preflight, UpgradeWish, validate
from harness.core.verdict import judge
from harness.engine import events
from harness.engine._apply import apply_plan, check_performable
from harness.engine._context import RunContext
from harness.engine._evidence_files import evidence_documents
from harness.engine._gather import gather_guests, gather_hosts
from harness.engine._hold import machines_of, places_of
from harness.engine._ledger import ledger_view
from harness.engine._nodes import with_discovered_nodes
from harness.engine._record import RunRecord, write_plan, write_record
from harness.engine._settle import close_journal, confirm_keys, settle_keys
from harness.store import RunRow, digest

__all__ = ["Run"]

_RIGHTS = frozenset({StepKind.HOST_KEY, StepKind.SUBSCRIPTION, StepKind.CANARY})
_NOT_MEANT = frozenset({"host_key_not_applicable", "subscription_not_applicable"})
_MISSED = {
    "host_key_unsettled": ExitCode.OUTCOME_UNKNOWN,
    "cluster_not_covered": ExitCode.UNREACHABLE,
    "subscription_inactive": ExitCode.NOT_ACTIVATED,
    "subscription_not_synced": ExitCode.NOT_ACTIVATED,
    "canary_node_left_out": ExitCode.NOT_ACTIVATED,
}
"""What the causes against a node's right count as; any other is a failure."""


class Run:
    """One run over chosen hosts: gather, plan, apply, verify, in any prefix of that order.

    It is about all their guests, or about those alone whose VM ids are in ``guests``.

    Use as a context manager: leaving it closes the sessions, writes the record and publishes RunFinished.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        command: str,
        hosts: Sequence[str],
        playbook: Playbook | None = None,
        request: Mapping[str, object] | None = None,
        resumes: str | None = None,
        guests: Container[str] | None = None,
    ):
        self._context = context
        self._request = request
        self._resumes = resumes
        self._guests = guests
        self._hosts = tuple(hosts)
        self._playbook = playbook
        self._facts: FabricFacts | None = None
        self.record = RunRecord(
            context.run_id,
            command,
            context.inventory.path,
            context.person,
            context.time(),
            playbook=playbook.name if playbook else None,
        )

    def __enter__(self) -> Self:
        row = self.record
        self._context.store.runs.begin(
            RunRow(row.run_id, row.command, row.inventory, row.playbook, row.person, row.started, None, None),
            request=self._request,
            resumes=self._resumes,
        )
        self._context.publish(events.RunStarted, command=row.command, hosts=len(self._hosts), playbook=row.playbook)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._context.sessions.close()
        code = self.exit_code() if kind is None else _code_of(kind)
        self.record = replace(self.record, finished=self._context.time(), evidence=self._keep_evidence())
        self._context.store.runs.finish(
            self.record.run_id,
            time=self._context.time(),
            exit_code=int(code),
            record=write_record(masked(self.record, self._context.redact)),
        )
        self._context.publish(events.RunFinished, exit_code=int(code))

    def _keep_evidence(self) -> dict[str, str]:
        """The raw answers behind the verdict go into the store; returns their hashes by path."""
        context, record = self._context, self.record
        documents = evidence_documents(record, context.evidence, context.redact)
        context.store.evidence.keep(record.run_id, documents)
        return {path: digest(document) for path, document in documents.items()}

    @property
    def context(self) -> RunContext:
        """Sessions, store, clock and event stream of this run."""
        return self._context

    def gather(self) -> FabricFacts:
        """Ask all hosts and guests anew. A run that may change something holds its hosts from here on.

        Raises:
            LockHeldError: somebody else holds one of them.
        """
        self._hold(places_of(self._context.inventory, self._hosts))
        lanes = gather_hosts(self._context, self._hosts)
        inventory, more = with_discovered_nodes(self._context.inventory, lanes)
        if more:
            self._context = replace(self._context, inventory=inventory)
            self._context.sessions.learn(inventory)
            self._hosts += more
            self._hold(places_of(inventory, more))
            lanes += gather_hosts(self._context, more)
        self._hold(machines_of(lanes))
        self._facts = FabricFacts(lanes, gather_guests(self._context, lanes, only=self._guests))
        self.record = replace(self.record, facts=self._facts)
        return self._facts

    def _hold(self, resources: Mapping[str, str]) -> None:
        if self._context.hold is not None:
            self._context.hold.take(resources)

    def plan(self, *, tags: Iterable[str] = ()) -> Plan:
        """What the playbook would change, from the facts gathered last."""
        assert self._playbook is not None
        context = self._context
        facts = self._facts or self.gather()
        if any(step.kind is StepKind.HOST_KEY for step in self._playbook.steps):
            self._settled(confirm_keys(context, facts.hosts))
        plan = make_plan(
            facts,
            self._playbook,
            context.inventory,
            ledger_view(context, read_keys=any(s.kind is StepKind.HOST_KEY for s in self._playbook.steps)),
            context.clock.now(),
            tags=tuple(tags),
        )
        self.use(plan)
        return plan

    def use(self, plan: Plan) -> None:
        """Take a plan, ours or a saved one. Raises InputError when it holds what cannot be carried out."""
        check_performable(plan)
        self._context.store.runs.use(self.record.run_id, write_plan(plan))
        self.record = replace(self.record, plan=plan)
        self._context.publish(events.PlanReady, plan=plan)

    def settle(self, run_id: str, *, attested: Mapping[str, bool] | None = None) -> None:
        """Settle the host keys that an earlier run left in doubt, by reading; gathers anew where there were any.

        ``attested``: see ``settle_keys``. Raises InputError for a host that is not in this run.
        """
        facts = self._facts or self.gather()
        names = {lane.name.casefold(): lane.name for lane in facts.hosts}
        for name in attested or ():
            if name.casefold() not in names:
                raise InputError(
                    "No host of this run has that name.", target=name, hint=f"Hosts: {', '.join(names.values())}."
                )
        said = {names[name.casefold()]: took for name, took in (attested or {}).items()}
        settled = settle_keys(self._context, facts.hosts, run_id=run_id, attested=said)
        self._settled(settled)
        if settled:
            self.gather()

    def take_over(self, run_id: str) -> None:
        """Close the journal of an earlier run, now that the facts and a plan of them are known."""
        assert self.record.plan is not None
        facts, runs = self._facts or self.gather(), self._context.store.runs
        close_journal(self._context, runs.open_intents(run_id), facts.hosts, self.record.plan, run_id=run_id)

    def rest_of(self, plan: Plan, run_id: str) -> Plan:
        """What is left to do of a plan that an earlier run began to carry out."""
        done = {e.action_id for e in self._context.store.runs.journal(run_id) if e.state in {"verified", "accepted"}}
        return replace(plan, actions=tuple(action for action in plan.actions if action.id not in done))

    def _settled(self, settled: tuple[Settlement, ...]) -> None:
        self.record = replace(self.record, settled=self.record.settled + settled)

    def apply(self) -> None:
        """Carry the plan out and keep its results."""
        assert self.record.plan is not None
        results = apply_plan(self._context, self.record.plan, self._facts or self.gather())
        self.record = replace(self.record, results=results)

    def verify(self, *, fresh: bool = True) -> FabricVerdict:
        """The verdict on every host and guest, from facts gathered now unless ``fresh`` is False.

        Where there are clusters, the record also tells which are covered, and on which nodes each VM would stay
        activated.
        """
        facts = self.gather() if fresh or self._facts is None else self._facts
        verdict = judge(facts, self._context.clock.now(), self._context.inventory)
        matrix = moves(facts, self._context.clock.now(), self._context.inventory)
        clustered = any(node.cluster for node in matrix.nodes)
        covered = coverage(facts, self._context.inventory, proof_of(self.record.results))
        self.record = replace(self.record, verdict=verdict, clusters=covered, moves=matrix if clustered else None)
        self._context.publish(events.VerdictReady, verdict=verdict)
        return verdict

    def moves(self, *, drain: str | None = None, anywhere: bool = False) -> MoveMatrix:
        """Where each VM stays activated, from the facts gathered last. Raises InputError for an unknown host."""
        facts, context = self._facts or self.gather(), self._context
        matrix = moves(facts, context.clock.now(), context.inventory, drain=drain, anywhere=anywhere)
        self.record = replace(self.record, moves=matrix)
        return matrix

    def preflight(self, wish: UpgradeWish) -> Preflight:
        """What an upgrade would do, from the facts gathered last. Raises InputError for a wish that makes no sense."""
        facts, context = self._facts or self.gather(), self._context
        view = ledger_view(context, read_keys=bool(context.inventory.keys))
        found = validate(facts, wish, context.clock.now(), context.inventory, view)
        self.record = replace(self.record, preflight=found)
        return found

    def exit_code(self) -> ExitCode:
        """The highest-ranking code of everything that happened in this run."""
        return highest((*self._reached(), *self._done(), *self._missed(), *self._proved()))

    def _reached(self) -> list[ExitCode]:
        facts = self.record.facts
        failures = (
            [*(host.failure for host in facts.hosts), *(guest.failure for guest in facts.guests)] if facts else []
        )
        return [ExitCode.UNREACHABLE if found.unreachable else ExitCode.FAILED for found in failures if found]

    def _done(self) -> list[ExitCode]:
        lost = [ExitCode.LOCK_HELD for result in self.record.results if result.code == LeaseLostError.code]
        states = {str(result.state) for result in self.record.results if result.code != "canary_not_activated"}
        states |= {settled.state for settled in self.record.settled} & {"unknown"}
        codes = {ActionState.FAILED: ExitCode.FAILED, ActionState.UNKNOWN: ExitCode.OUTCOME_UNKNOWN}
        return lost[:1] + [code for state, code in codes.items() if state in states]

    def _missed(self) -> list[ExitCode]:
        """For a plan that was carried out: a node without its right, or that no canary proved, is no success."""
        plan = self.record.plan if self.record.verdict is not None else None
        missed = {b.code for b in plan.blocked if b.step in _RIGHTS} if plan else set()
        return [_MISSED.get(code, ExitCode.FAILED) for code in missed - _NOT_MEANT]

    def _proved(self) -> list[ExitCode]:
        verdict = self.record.verdict
        bad = {Verdict.NOT_ACTIVATED, Verdict.UNKNOWN}
        denied = verdict is not None and any(guest.verdict in bad for guest in verdict.guests)
        blocked = self.record.preflight is not None and self.record.preflight.blocked
        moves = self.record.moves
        costs = moves is not None and moves.drained is not None and moves.lapses
        refuted = any(result.code == "canary_not_activated" for result in self.record.results)
        return [ExitCode.NOT_ACTIVATED] if denied or blocked or costs or refuted else []


def _code_of(kind: type[BaseException]) -> ExitCode:
    if issubclass(kind, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if issubclass(kind, LockHeldError):
        return ExitCode.LOCK_HELD
    return ExitCode.FAILED if issubclass(kind, HarnessError) else ExitCode.INTERNAL
