"""One PowerShell shell on one machine, by pypsrp: opened, used for pipelines, deleted."""

from collections.abc import Sequence
from copy import copy
from functools import cache
from threading import Lock
from uuid import uuid4

from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from harness.core.errors import DeadlineError, ProtocolError, Sent
from harness.remoting._deadline import Deadline
from harness.remoting._errors import quieten
from harness.remoting._faults import OPERATION_TIMEOUT
from harness.remoting._records import error_detail
from harness.remoting._serializer import OutputSerializer
from harness.remoting._transport import OperationTimeout, Poster
from harness.remoting.pipeline import PipelineResult

__all__ = ["Pool", "Stage"]

Stage = tuple[str, bool, dict[str, object], list[object]]
"""A command ready to go: its name or script text, whether that is script, named and positional arguments."""

_ONE_AT_A_TIME = Lock()
_LONGEST_POLL = 20.0
_SHORTEST_POLL = 0.5
"""Seconds: WinRM's own least OperationTimeout."""
_ENDED = {PSInvocationState.COMPLETED, PSInvocationState.FAILED, PSInvocationState.STOPPED}


class Pool:
    """A WSMan and a RunspacePool with our transport and our reading underneath.

    Args:
        transport: how envelopes get there.
        configuration: the session configuration ("Microsoft.PowerShell", or a JEA endpoint's name).
        idle_seconds: how long the machine keeps the shell when nobody speaks to it any more.
    """

    def __init__(self, transport: Poster, configuration: str, idle_seconds: int) -> None:
        quieten()
        self._wsman = copy(_pattern())
        self._wsman.session_id = str(uuid4())
        self._bridge = _Bridge(transport)
        self._wsman.transport = self._bridge  # type: ignore[assignment] # it asks for send, endpoint and close
        self._wsman.update_max_payload_size(self._wsman.max_envelope_size)
        self._pool = RunspacePool(self._wsman, configuration_name=configuration, idle_timeout=idle_seconds)
        self._pool._serializer = self._pool._fragmenter.serializer = OutputSerializer()  # noqa: SLF001
        self._keys = False
        self.pipelines = 0
        """Pipelines begun in this shell: the machine counts them against MaxConcurrentCommandsPerSession."""
        self.worn = False
        """Set when an exchange was interrupted: what state the shell is in is not known."""

    def open(self, deadline: Deadline) -> None:
        """Create the shell: Create and one or more Receives."""
        self._patience(deadline)
        self._pool.open()

    def exchange_keys(self, deadline: Deadline) -> None:
        """Agree on the key for SecureStrings, once: Send and Receive."""
        if not self._keys:
            self._patience(deadline)
            self._pool.exchange_keys()
            self._keys = True

    def begin(self, statements: Sequence[Sequence[Stage]], deadline: Deadline) -> PowerShell:
        """Send a pipeline: Command, and a Send for each 370 kB of it beyond the first."""
        self._patience(deadline)
        shell = PowerShell(self._pool)
        for number, stages in enumerate(statements):
            if number:
                shell.add_statement()
            for name, script, named, positional in stages:
                shell.add_script(name) if script else shell.add_cmdlet(name)
                shell.add_parameters(named)
                for value in positional:
                    shell.add_argument(value)
        self.pipelines += 1
        # Invocation info is left out of error records: it would carry the bound parameters, product keys included.
        shell.begin_invoke(remote_stream_options=0)
        return shell

    def finish(self, shell: PowerShell, deadline: Deadline) -> PipelineResult:
        """Receive until the pipeline has ended.

        Raises:
            DeadlineError: it has not ended in time; it may still be running.
        """
        while shell.state == PSInvocationState.RUNNING:
            left = deadline.left
            if left <= 0:
                raise DeadlineError(f"The pipeline did not end within {deadline.seconds:g} s.", sent=Sent.YES)
            shell.poll_invoke(timeout=_poll_seconds(left))  # type: ignore[arg-type] # seconds may have decimals
        self._pool.pipelines.pop(shell.id, None)  # pypsrp keeps every pipeline with its output
        if shell.state not in _ENDED:
            raise ProtocolError(f"The pipeline ended in state {shell.state}, which is no end.", sent=Sent.YES)
        streams = shell.streams
        return PipelineResult(
            output=tuple(shell.output),
            errors=tuple(error_detail(getattr(error, "record", error)) for error in streams.error),
            warnings=tuple(str(warning.message) for warning in streams.warning),
            failed=shell.state != PSInvocationState.COMPLETED,
        )

    def stop(self, shell: PowerShell) -> None:
        """Ask the machine to stop a pipeline: one Signal."""
        if shell.state == PSInvocationState.RUNNING:
            shell.stop()

    def close(self, deadline: Deadline) -> None:
        """Delete the shell, and all its pipelines with it: one request."""
        self._patience(deadline)
        self._pool.close()

    def _patience(self, deadline: Deadline) -> None:
        """Requests without a timeout of their own take it from here."""
        self._wsman.operation_timeout = self._bridge.seconds = _operation_seconds(deadline.left)  # type: ignore[assignment]


def _pattern() -> WSMan:
    """A WSMan to copy. Making one rewrites ElementTree's table of prefixes, which all threads share, so one is made."""
    with _ONE_AT_A_TIME:
        return _made()


@cache
def _made() -> WSMan:
    return WSMan("localhost", auth="ntlm", no_proxy=True)


class _Bridge:
    """Our transport as pypsrp's WSMan knows its own."""

    def __init__(self, transport: Poster) -> None:
        self._transport = transport
        self.endpoint = transport.place.url
        self.seconds = _LONGEST_POLL

    def send(self, message: bytes, *, retries_on_read_timeout: int = 0, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """One exchange. No retries: pypsrp would sleep between them, past every deadline."""
        try:
            # pypsrp adds two seconds to what the envelope says
            return self._transport.post(message, self.seconds if timeout is None else timeout - 2)
        except OperationTimeout as error:
            raise WSManFaultError(OPERATION_TIMEOUT, None, None, None, None, None) from error

    def close(self) -> None:
        """Part of the shape; the session closes its transport itself."""


def _poll_seconds(left: float) -> float:
    return round(min(_LONGEST_POLL, max(_SHORTEST_POLL, left)), 3)


def _operation_seconds(left: float) -> float:
    """WinRM takes at most 60 s (MaxTimeoutms)."""
    return round(min(60.0, max(_SHORTEST_POLL, left)), 3)
