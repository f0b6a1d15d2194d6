"""What every shell has: an id, an owner, commands, an idle clock, and the description Get and Enumerate show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from harness.sim.machine import Account
from harness.sim.psrp import parse_duration
from harness.sim.wsman import _names as names
from harness.sim.wsman._faults import command_gone, too_many_commands
from harness.sim.wsman._outbox import Batch, Outbox
from harness.sim.wsman._request import Request
from harness.sim.wsman._settings import Limits

__all__ = ["Caller", "Shell", "ShellBirth"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: the authenticated account, where from, and how the client addressed this machine."""

    account: Account
    client_address: str
    url: str
    is_lost: Callable[[], bool] = lambda: False

    @property
    def machine(self) -> str:
        """The host name or address in the URL, without its port."""
        authority = self.url.partition("://")[2].partition("/")[0]
        return authority.rpartition(":")[0] or authority


@dataclass(frozen=True, slots=True)
class ShellBirth:
    """With what a shell begins: where its times come from, its limits and its process id."""

    settings: Limits
    clock: Callable[[], float]
    process_id: int
    observer: Callable[[str, Sequence[str]], None]
    """Told of each command that starts: the shell's id and the names of its calls."""


class Shell:
    """A shell of either kind. Subclasses run commands and say what their description holds between owner and state."""

    input_streams = "stdin"
    output_streams = "stdout stderr"

    def __init__(self, shell_id: str, request: Request, caller: Caller, birth: ShellBirth) -> None:
        self.id = shell_id
        self._caller = caller
        self.resource = request.resource
        self.owner = caller.account
        self.client_address = caller.client_address
        self.locale = request.locale
        self.data_locale = request.data_locale
        self.birth = birth
        self.settings = birth.settings
        self._disconnected = False
        self.session_id = request.session_id
        self.idle_timeout = _idle_timeout(request, birth.settings)
        self.commands: dict[str, Outbox] = {}
        self._lingering: set[str] = set()
        self._born = self._touched = birth.clock()
        self._busy = 0
        self.closed = False

    def __repr__(self) -> str:
        state = "disconnected" if self.disconnected else "connected"
        return f"<{type(self).__name__} {self.id} of {self.owner.name}, {state}, {len(self.commands)} commands>"

    @property
    def waiting(self) -> int:
        """How many Receives wait."""
        return self._busy

    @property
    def idle(self) -> float:
        """Seconds since it was used last; 0 while a Receive waits."""
        return 0.0 if self._busy else self.birth.clock() - self._touched

    @property
    def expired(self) -> bool:
        """Whether it goes away: a second idle timeout has passed since the first disconnected it (unrecorded)."""
        return self.idle >= 2 * self.idle_timeout

    @property
    def disconnected(self) -> bool:
        """By request, or because nobody used it for its idle timeout (pypsrp test_psrp_is_alive_state_disconnected)."""
        return self._disconnected or self.idle >= self.idle_timeout

    @disconnected.setter
    def disconnected(self, state: bool) -> None:
        self._disconnected = state

    @property
    def in_use(self) -> bool:
        """Whether a client is still connected to it."""
        return not self.disconnected and not self._caller.is_lost()

    @property
    def operations(self) -> int:
        """Commands that count against the user's operations."""
        return len(self.commands) + len(self._lingering)

    def touch(self, caller: Caller) -> None:
        """It was used just now."""
        self._caller = caller
        self._touched = self.birth.clock()

    def close(self) -> None:
        """End everything that runs in it; Receives that wait find the shell gone."""
        self.closed = True
        for outbox in self.commands.values():
            outbox.end()
        self.commands.clear()

    def outbox(self, command_id: str) -> Outbox:
        """The outbox of a command; the empty id is the shell's own.

        Raises:
            WsmanFault: no such command.
        """
        found = self.commands.get(command_id.upper())
        if found is None:
            raise command_gone()
        return found

    def add_command(self, command_id: str, *, hold: float = 0.0) -> Outbox:
        """Register a command; ``hold`` as for an Outbox.

        Raises:
            WsmanFault: the shell has had too many that were never signalled to terminate.
        """
        if len(self.commands) + len(self._lingering) >= self.settings.max_commands_per_shell:
            raise too_many_commands()
        outbox = self.commands[command_id] = Outbox(hold)
        return outbox

    def delivered(self, command_id: str, batch: Batch) -> None:
        """A batch has left; after the last one the command only counts against the quota, until it is signalled."""
        if batch.done and self.commands.pop(command_id, None) is not None:
            self._lingering.add(command_id)

    def forget(self, command_id: str) -> bool:
        """Drop a command after a terminate signal; False when nobody knows it."""
        known = self.commands.pop(command_id, None)
        if known is not None:
            known.end()
        lingered = command_id in self._lingering
        self._lingering.discard(command_id)
        return known is not None or lingered

    async def receive(self, request: Request, caller: Caller, seconds: float, room: int) -> tuple[str, Batch | None]:
        """Wait for output.

        Returns:
            The command's id ("" for the shell itself) and what there is, None when the time ran out.

        Raises:
            WsmanFault: no such command.
        """
        receive = request.part("Receive")
        desired = None if receive is None else receive.find(f"{{{names.SHELL}}}DesiredStream")
        written = "" if desired is None else desired.get("CommandId", "")
        outbox = self.outbox(written)
        self._busy += 1
        try:
            if not await outbox.wait(seconds, room):
                return written, None
        finally:
            self._busy -= 1
            self.touch(caller)
        if caller.is_lost():
            return written, None
        batch = outbox.take(room)
        self.delivered(written.upper(), batch)
        return written, batch

    def description(self, *, listed: bool = False) -> str:
        """The ``rsp:Shell`` element, fields and order as recorded; ``listed`` adds what Get and Enumerate add."""
        run = _elapsed(self.birth.clock() - self._born)
        idle = _elapsed(self.birth.clock() - self._touched)
        more = "<rsp:MemoryUsed>58MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses>" if listed else ""
        return (
            f'<rsp:Shell xmlns:rsp="{names.SHELL}"><rsp:ShellId>{self.id}</rsp:ShellId>'
            f"<rsp:ResourceUri>{escape(self.resource)}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(self.owner_name)}</rsp:Owner><rsp:ClientIP>{self.client_address}</rsp:ClientIP>"
            f"{self._fields()}<rsp:ShellRunTime>{run}</rsp:ShellRunTime><rsp:ShellInactivity>{idle}"
            f"</rsp:ShellInactivity>{more}</rsp:Shell>"
        )

    @property
    def owner_name(self) -> str:
        r"""``HOST\\user``."""
        return f"{self.owner.domain}\\{self.owner.name}" if self.owner.domain else self.owner.name

    def _fields(self) -> str:
        return (
            f"<rsp:IdleTimeOut>PT{self.idle_timeout:.3f}S</rsp:IdleTimeOut>"
            f"<rsp:InputStreams>{self.input_streams}</rsp:InputStreams>"
            f"<rsp:OutputStreams>{self.output_streams}</rsp:OutputStreams>"
        )

    async def command(self, request: Request) -> str:
        """Start a command; the id for CommandResponse."""
        raise NotImplementedError

    def send(self, request: Request) -> None:
        """Take input."""
        raise NotImplementedError

    def signal(self, command_id: str, code: str) -> None:
        """Take a signal for a command."""
        raise NotImplementedError


def _idle_timeout(request: Request, settings: Limits) -> float:
    shell = request.part("Shell")
    asked = None if shell is None else shell.findtext(f"{{{names.SHELL}}}IdleTimeOut")
    if not asked:
        return settings.idle_timeout
    try:
        return max(60.0, parse_duration(asked).total_seconds())
    except ValueError:
        return settings.idle_timeout


def _elapsed(seconds: float) -> str:
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    return f"P{days}DT{hours}H{minutes}M{rest}S"
