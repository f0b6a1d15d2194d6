"""The canary: one VM visits a node, is asked to activate there, and goes home at the end whatever came of it.

A move is begun and then watched by reading the role's owner, so that no operation outlives its deadline and a lost
answer is settled by reading.
"""

from dataclasses import dataclass, replace

from harness.core.catalogue import code as look_up
from harness.core.errors import HarnessError, LeaseLostError, RemoteError, Sent, TransportError
from harness.core.model import Action, ActionResult, ActionState, LicenceRecord, LicenseStatus, RetryClass
from harness.core.verdict.licences import LEASE_MINUTES
from harness.engine._clock import poll
from harness.engine._sessions import GuestChannel
from harness.engine.actions._bench import Bench, verified
from harness.windows import activate_guest, move_role, read_guest_licence, read_role_owner

__all__ = ["move_canary"]

_LOOK_EVERY = 2.0
_SHOWS_WITHIN = 20.0
"""Seconds within which an activation that was taken shows in the licence."""
_CURES = {
    "command_missing": "On a restricted endpoint let it through: avma jea --with canary; then register it again.",
    "access_denied": "A cluster may refuse this command to network logons (Microsoft Learn): use an endpoint of "
    "avma jea --with canary, where need be with --gmsa, or auth: credssp.",
}
"""What to do about a refusal, by its code."""
_FRESH = 5
"""Minutes that a lease may be short of seven days and still be this one."""


def move_canary(bench: Bench, action: Action) -> ActionResult:
    """Carry out one leg: ``arguments["part"]`` is "visit" or "return", ``arguments["node"]`` the node's own name."""
    leg = _Leg(bench, action)
    return leg.go_home() if action.arguments["part"] == "return" else leg.visit()


@dataclass(frozen=True, slots=True)
class _Leg:
    """One move of one VM, and what is proven at its end."""

    bench: Bench
    action: Action

    @property
    def node(self) -> str:
        """The node it goes to, as the cluster names it."""
        return self.action.arguments["node"]

    def visit(self) -> ActionResult:
        """Move it there, ask it to activate, and read who activated it."""
        missed = self.move(self.action.host)
        if missed is not None:
            return missed
        try:
            return self.prove()
        except LeaseLostError:
            raise
        except HarnessError as error:
            return self.unproven(f"The guest could not be asked there: {error.message}", error.hint)

    def go_home(self) -> ActionResult:
        """Bring it back through the first node that answers; say where it is if that fails."""
        home = self.action.arguments["home"]
        told = ""
        for through in dict.fromkeys((home, *self.action.arguments["nodes"].split(","))):
            try:
                missed = self.move(through)
            except LeaseLostError:
                raise
            except HarnessError as error:
                told = error.message
                continue
            if missed is None:
                return verified(self.action, f"{self.action.target} is on {home}, where it was before.")
            told = missed.message
            break
        return ActionResult(
            self.action,
            ActionState.FAILED,
            f"{self.action.target} could not be brought back to {home}: {told}",
            code="canary_not_home",
            next_step=f"On a node run: Move-ClusterVirtualMachineRole -VMId {self.action.vm_id} -Node {self.node} "
            "-MigrationType Live",
        )

    def move(self, through: str) -> ActionResult | None:
        """Make ``node`` its owner, asking the cluster through that inventory host; why it is not, or None.

        Raises:
            TransportError: the cluster was not reached through that host.
        """
        context, vm_id = self.bench.context, self.action.vm_id
        assert vm_id is not None
        if _is(self.owner(through), self.node):
            return None
        try:
            context.attempt(
                lambda: move_role(context.sessions.host(through), vm_id, self.node, seconds=context.seconds(through)),
                RetryClass.IDEMPOTENT,
                target=self.action.target,
            )
        except RemoteError as error:
            return self.stuck(f"The cluster refused to move it to {self.node}: {error.message}", error)
        except TransportError as error:
            if error.sent is Sent.NO:
                raise
        return self.arrival(through)

    def arrival(self, through: str) -> ActionResult | None:
        """Watch the owner until it is the node; what is the matter otherwise."""
        seconds = float(self.action.arguments["seconds"])
        last: list[str | None] = [None]

        def look() -> bool | None:
            try:
                last[0] = self.owner(through)
            except TransportError:
                return None
            return True if _is(last[0], self.node) else None

        if poll(look, seconds=seconds, every=_LOOK_EVERY, clock=self.bench.context.clock):
            self.bench.context.sessions.forget_direct(self.bench.guests[self.action.vm_id or ""])
            return None
        return self.stuck(f"After {seconds:g} seconds it is on {last[0] or 'a node unknown'}, not on {self.node}.")

    def owner(self, through: str) -> str | None:
        """The node that owns its role now, by the cluster's word."""
        context, vm_id = self.bench.context, self.action.vm_id
        assert vm_id is not None
        return context.attempt(
            lambda: read_role_owner(context.sessions.host(through), vm_id, seconds=context.seconds(through)),
            RetryClass.READ,
            target=self.action.target,
        )

    def prove(self) -> ActionResult:
        """Ask for activation and read the licence until it names this node, freshly."""
        context = self.bench.context
        before = self.licence()
        try:
            context.attempt(self.ask, RetryClass.IDEMPOTENT, target=self.action.target)
        except RemoteError as error:
            row = look_up(error.hresult) if error.hresult is not None else None
            why = f"{row.code} ({row.name}): {row.meaning}" if row else error.message
            return self.unproven(why, row.next_step if row else error.hint)
        seen: list[LicenceRecord | None] = [None]

        def look() -> ActionResult | None:
            seen[0] = self.licence()
            return self.granted(before, seen[0])

        done = poll(look, seconds=_SHOWS_WITHIN, every=_LOOK_EVERY, clock=context.clock)
        return done or self.unproven(f"It took the request, but {_shown(seen[0])}.", None)

    def ask(self) -> str:
        """slmgr /ato, or CIM's Activate."""
        channel, facts = self.channel(), self.bench.guests[self.action.vm_id or ""].facts
        engine = facts is None or facts.script_engine is not False
        return activate_guest(
            channel.session, channel.shell, script_engine=engine, seconds=self.bench.seconds(self.action)
        )

    def licence(self) -> LicenceRecord | None:
        """Windows' own licence by CIM."""
        return self.bench.context.attempt(
            lambda: read_guest_licence(self.channel().session, seconds=self.bench.seconds(self.action)),
            RetryClass.READ,
            target=self.action.target,
        )

    def channel(self) -> GuestChannel:
        """The way into the guest where it is now: PowerShell Direct leads through its present node."""
        lane = self.bench.guests[self.action.vm_id or ""]
        return self.bench.context.sessions.guest(replace(lane, host=self.action.host))

    def granted(self, before: LicenceRecord | None, now: LicenceRecord | None) -> ActionResult | None:
        """Verified where the licence is AVMA's, names this node (or none) and is newer than the visit."""
        if now is None or now.status != LicenseStatus.LICENSED or not now.is_avma:
            return None
        newer = now.avma_time is not None and (before is None or now.avma_time != before.avma_time)
        full = now.avma_host is not None and (now.grace_minutes or 0) >= LEASE_MINUTES - _FRESH
        if (now.avma_host is not None and not _is(now.avma_host, self.node)) or not (newer or full):
            return None
        return verified(
            self.action,
            f"{self.action.target} was activated by {now.avma_host or self.node} while it was there.",
            f"owner {self.node}; host named by the licence {now.avma_host}; activated {now.avma_time}; "
            f"{now.grace_minutes} minutes left",
        )

    def unproven(self, why: str, cure: str | None) -> ActionResult:
        """It was there and was not activated by that node."""
        host = self.action.host
        return ActionResult(
            self.action,
            ActionState.FAILED,
            f"{self.action.target} was on {host} and was not activated by it: {why}",
            code="canary_not_activated",
            next_step=cure or f"On {host} run: Get-VMAutomaticActivation; and read its events 12310 (Application log).",
        )

    def stuck(self, why: str, error: RemoteError | None = None) -> ActionResult:
        """It did not get there."""
        return ActionResult(
            self.action,
            ActionState.FAILED,
            f"{self.action.target} did not reach {self.action.host}. {why}",
            code="canary_not_moved",
            next_step=_cure(error)
            or f"Try it by hand: Move-ClusterVirtualMachineRole -VMId {self.action.vm_id} -Node {self.node} "
            "-MigrationType Live; and look at the possible owners of the role.",
        )


def _shown(licence: LicenceRecord | None) -> str:
    if licence is None:
        return "its licence could not be read"
    if licence.status != LicenseStatus.LICENSED:
        return f"its licence is not in force (status {licence.status})"
    return f"its licence still names {licence.avma_host or 'no host'}, activated {licence.avma_time or 'never'}"


def _is(name: str | None, node: str) -> bool:
    """Node names are compared without domain and case."""
    return (name or "").partition(".")[0].casefold() == node.partition(".")[0].casefold()


def _cure(error: RemoteError | None) -> str | None:
    return (_CURES.get(error.code) or error.hint) if error is not None else None
