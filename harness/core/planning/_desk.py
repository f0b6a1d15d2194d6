"""What the planner has before it: the facts, its actions so far, and what it expects to be true after them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from harness.core.model import (
    Action,
    Blocked,
    FabricFacts,
    GuestVerdict,
    HostLane,
    HostVerdict,
    Inventory,
    Reason,
    RetryClass,
    Step,
    StepKind,
    TargetKind,
)
from harness.core.planning._scope import Scope, fits, guest_facts, host_facts
from harness.core.planning.ledger import LedgerView, SpentKey
from harness.core.verdict import GuestCase, HostGrant, cases_of, grant_of, guest_verdict, host_verdict, reason

__all__ = ["Desk"]


class Desk:
    """The inputs of one plan, what was decided so far, and the expected state of each guest.

    Lives inside ``make_plan`` only: nothing outside sees it change.
    """

    def __init__(
        self, fabric: FabricFacts, inventory: Inventory, ledger: LedgerView, scope: Scope, now: datetime
    ) -> None:
        self.fabric = fabric
        self.inventory = inventory
        self.ledger = ledger
        self.scope = scope
        self.actions: list[Action] = []
        self.blocked: list[Blocked] = []
        self._planned: set[tuple[str, StepKind]] = set()
        self._told: set[tuple[str, str | None, str]] = set()
        self.host_verdicts: dict[str, HostVerdict] = {
            lane.name: host_verdict(lane, grant_of(lane, inventory)) for lane in fabric.hosts
        }
        self.cases: dict[str, GuestCase] = {}
        for case in cases_of(fabric, now, inventory):
            self.cases.setdefault(case.lane.vm.vm_id, case)
        self.found: Mapping[str, GuestVerdict] = {vm_id: guest_verdict(case) for vm_id, case in self.cases.items()}
        self.spent: list[SpentKey] = list(ledger.entries)
        """What was ever spent, and what this plan would spend."""
        self.keyed: dict[str, str] = {}
        """Nodes that get the right to activate guests in this plan: the host key's version, or "subscription"."""

    def hosts(self, step: Step) -> Iterator[HostLane]:
        """The hosts of the playbook that meet the step's conditions, in the inventory's order."""
        for lane in self.fabric.hosts:
            if lane.name in self.scope.hosts:
                answer, fact = fits(step, host_facts(lane))
                if answer:
                    yield lane
                elif answer is None:
                    cause = reason("condition_unknown", step=step.name, target=lane.name, host=lane.name, fact=fact)
                    self.block_host(lane.name, cause, step.kind)

    def guests(self, step: Step) -> Iterator[GuestCase]:
        """The guests of the playbook that meet the step's conditions, as they are expected to be by then."""
        for vm_id, case in tuple(self.cases.items()):
            if vm_id in self.scope.guests:
                known = case.identity
                answer, fact = fits(step, guest_facts(case.lane, case.host, known.release, known.edition))
                if answer:
                    yield case
                elif answer is None:
                    told = {"target": case.name, "host": case.lane.host, "fact": fact}
                    cause = reason("condition_unknown", step=step.name, **told)
                    self.block_guest(case, cause, step.kind)

    def change_host(
        self,
        lane: HostLane,
        step: Step,
        index: int,
        *,
        retry_class: RetryClass,
        arguments: Mapping[str, str],
        refundable: bool = False,
        **told: str,
    ) -> None:
        """Plan an action on a host; ``told``: field, before, after, reason."""
        self.actions.append(
            Action(
                id="",
                target=lane.name,
                target_kind=TargetKind.HOST,
                host=lane.name,
                step=step.kind,
                refundable=refundable,
                retry_class=retry_class,
                arguments=arguments,
                serial=step.serial or 1,
                step_index=index,
                **told,
            )
        )

    def change_guest(
        self,
        case: GuestCase,
        step: Step,
        index: int,
        *,
        host: str | None = None,
        arguments: Mapping[str, str] | None = None,
        retry_class: RetryClass = RetryClass.IDEMPOTENT,
        refundable: bool = True,
        **told: str | None,
    ) -> None:
        """Plan an action on a guest; ``told``: field, before, after, reason. All but an edition can be undone.

        ``host`` is the inventory host through which it is done; the guest's own unless given.
        """
        self._planned.add((case.lane.vm.vm_id, step.kind))
        self.actions.append(
            Action(
                id="",
                target=case.name,
                target_kind=TargetKind.GUEST,
                host=host or case.lane.host,
                step=step.kind,
                refundable=refundable,
                retry_class=retry_class,
                vm_id=case.lane.vm.vm_id,
                arguments=arguments or {},
                serial=step.serial,
                step_index=index,
                **told,  # type: ignore[arg-type]
            )
        )

    def has_action(self, vm_id: str, *kinds: StepKind) -> bool:
        """Whether an action of one of those kinds is planned for a guest."""
        return any((vm_id, kind) in self._planned for kind in kinds)

    def expect(self, case: GuestCase, **changed: object) -> None:
        """Note how a guest will be after what was planned."""
        self.cases[case.lane.vm.vm_id] = replace(case, **changed)  # type: ignore[arg-type]

    def expect_ready(self, lane: HostLane, grant: HostGrant) -> None:
        """Note that a node will activate guests after what was planned."""
        self.keyed[lane.name] = grant.version or grant.licensing.value
        ready = replace(self.host_verdicts[lane.name], avma_ready=True, reasons=())
        for case in [case for case in self.cases.values() if case.lane.host == lane.name]:
            self.expect(case, host_verdict=ready, grant=grant)

    def block_host(self, name: str, cause: Reason, step: StepKind | None) -> None:
        """Say once for each cause that a host cannot be served."""
        self._block(
            Blocked(name, cause.code, cause.message, cause.next_step, host=name, step=step, source=cause.source)
        )

    def block_guest(self, case: GuestCase, cause: Reason, step: StepKind) -> None:
        """Say once for each cause that a guest cannot be served."""
        vm_id, host = case.lane.vm.vm_id, case.lane.host
        self._block(
            Blocked(
                case.name,
                cause.code,
                cause.message,
                cause.next_step,
                host=host,
                vm_id=vm_id,
                step=step,
                source=cause.source,
            )
        )

    def block_playbook(self, target: str, cause: Reason, step: StepKind | None = None) -> None:
        """Say that a part of the playbook itself cannot be served."""
        self._block(Blocked(target, cause.code, cause.message, cause.next_step, step=step, source=cause.source))

    def _block(self, blocked: Blocked) -> None:
        cause = (blocked.target, blocked.vm_id, blocked.code)
        if cause not in self._told:
            self._told.add(cause)
            self.blocked.append(blocked)
