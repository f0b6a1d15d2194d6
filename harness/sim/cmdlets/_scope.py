"""What a cmdlet sees of the lab, and the decorator that makes a function a cmdlet."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.sim.cmdlets._dispatch import Bound, Command, ParameterSpec
from harness.sim.machine import Account, Invocation, Session, Streams
from harness.sim.world import Host, Installation, VirtualMachine, World

__all__ = ["Call", "GuestRunner", "Scope", "cmdlet"]

GuestRunner = Callable[[VirtualMachine, Account, Invocation, Streams], Awaitable[None]]
"""Runs an invocation inside a guest for PowerShell Direct."""


@dataclass(slots=True, eq=False)
class Scope:
    """One session on one computer. ``host`` is set on a Hyper-V host, ``vm`` on a guest."""

    world: World
    windows: Installation
    session: Session
    host: Host | None = None
    vm: VirtualMachine | None = None
    run_in_guest: GuestRunner | None = None
    variables: dict[str, object] = field(default_factory=dict)

    @property
    def administrator(self) -> bool:
        return self.session.account.administrator

    @property
    def modules(self) -> dict[str, str]:
        """Installed PowerShell modules beside the built-in ones: name to version."""
        found = {"CimCmdlets": "1.0.0.0", "Microsoft.PowerShell.Diagnostics": "3.0.0.0"}
        host = self.host
        if host is None:
            return found
        if host.hyperv:
            found["Hyper-V"] = "1.1" if host.windows.os.build <= 9600 else "2.0.0.0"
        if host.cluster is not None:
            found["FailoverClusters"] = "2.0.0.0"
        if host.is_azure:
            found["AzureStackHCI"] = "1.0.0.0"
        if host.avma_module is not None:
            found["ServerAVMAManager"] = host.avma_module
        if host.az_module:
            found["Az.StackHCI"] = "2.4.0"
        return found


Call = Bound[Scope]
Body = Callable[[Call], Iterable[object] | Awaitable[Iterable[object]]]


def cmdlet(
    name: str,
    *parameters: ParameterSpec,
    module: str = "Microsoft.PowerShell.Core",
    class_name: str = "",
    kind: str = "Cmdlet",
    changes: bool = False,
    exclusive: Sequence[tuple[str, ...]] = (),
) -> Callable[[Body], Command[Scope]]:
    """Turn a function of a bound call into a command. ``class_name`` is what its error ids end in."""

    def make(body: Body) -> Command[Scope]:
        return Command(name, body, parameters, module, class_name, kind, changes, tuple(exclusive))

    return make
