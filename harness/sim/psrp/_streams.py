"""What a running pipeline says, written as messages the moment it is said."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, ErrorRecord, ProgressRecord
from harness.sim.psrp import _messages as messages
from harness.sim.psrp._clixml_write import to_clixml
from harness.sim.psrp._invocation import Created
from harness.sim.psrp._messages import Origin
from harness.sim.psrp._pool import HostAnswer, Pool
from harness.sim.psrp._wire import MessageType

__all__ = ["HOST_METHODS", "PipelineStreams"]

_METHOD_TYPE = "System.Management.Automation.Remoting.RemoteHostMethodId"
HOST_METHODS = {
    "SetShouldExit": 6,
    "ReadLine": 11,
    "ReadLineAsSecureString": 12,
    "Write1": 13,
    "Write2": 14,
    "WriteLine1": 15,
    "WriteLine2": 16,
    "WriteLine3": 17,
    "WriteErrorLine": 18,
    "WriteDebugLine": 19,
    "WriteProgress": 20,
    "WriteVerboseLine": 21,
    "WriteWarningLine": 22,
    "Prompt": 23,
    "PromptForCredential1": 24,
    "PromptForCredential2": 25,
    "PromptForChoice": 26,
}
"""RemoteHostMethodId (MS-PSRP 2.2.3.17): ``exit``, and those of the host's user interface."""
_SILENT = frozenset({6, *range(13, 23)})
"""Calls without an answer; their number on the wire is -100."""
_NO_ANSWER = -100


class PipelineStreams:
    """The streams of one pipeline; see ``harness.sim.machine.Streams``.

    Args:
        pool, pipeline_id: where the messages go.
        created: what was asked, for its stream merges.
        now: the machine's wall clock.
        origin: for information records.
        on_pending: told True while a host call waits for the client.
    """

    def __init__(
        self,
        pool: Pool,
        pipeline_id: UUID,
        created: Created,
        *,
        now: Callable[[], datetime],
        origin: Origin,
        on_pending: Callable[[bool], None],
    ) -> None:
        self._pool = pool
        self._id = pipeline_id
        self._merged = created.merged
        self._silenced = created.silenced
        self._now = now
        self._origin = origin
        self._on_pending = on_pending
        self._calls: dict[int, asyncio.Future[HostAnswer]] = {}
        self._next_call = 1

    def output(self, value: object) -> None:
        """An object for the output stream."""
        self._pool.emit(MessageType.PIPELINE_OUTPUT, to_clixml(value, self._pool.encrypt), self._id)

    def error(self, record: ErrorRecord) -> None:
        """A non-terminating error."""
        self._say("error", MessageType.ERROR_RECORD, messages.error_record(record, self._pool.encrypt))

    def warning(self, text: str) -> None:
        """A line of the warning stream."""
        self._say("warning", MessageType.WARNING_RECORD, messages.informational_record("Warning", text))

    def verbose(self, text: str) -> None:
        """A line of the verbose stream."""
        self._say("verbose", MessageType.VERBOSE_RECORD, messages.informational_record("Verbose", text))

    def debug(self, text: str) -> None:
        """A line of the debug stream."""
        self._say("debug", MessageType.DEBUG_RECORD, messages.informational_record("Debug", text))

    def information(self, value: object) -> None:
        """An object of the information stream."""
        record = messages.information_record(value, self._now(), self._origin)
        self._say("information", MessageType.INFORMATION_RECORD, record)

    def progress(self, record: ProgressRecord) -> None:
        """A progress record."""
        self._pool.emit(MessageType.PROGRESS_RECORD, messages.progress_record(record), self._id)

    async def host(self, method: str, *arguments: object) -> object:
        """Ask the client's host, as Read-Host does.

        Raises:
            TerminatingError: the client has no host, or its host failed.
        """
        number = HOST_METHODS[method]
        if not self._pool.has_host:
            raise TerminatingError(_no_host(method))
        call = Enum(_METHOD_TYPE, method, number)
        if number in _SILENT:
            text = messages.host_call(_NO_ANSWER, call, list(arguments))
            self._pool.emit(MessageType.PIPELINE_HOST_CALL, text, self._id)
            return None
        call_id, self._next_call = self._next_call, self._next_call + 1
        future = self._calls[call_id] = asyncio.get_running_loop().create_future()
        self._pool.emit(MessageType.PIPELINE_HOST_CALL, messages.host_call(call_id, call, list(arguments)), self._id)
        self._on_pending(True)  # noqa: FBT003 - a state, not an option
        try:
            answer = await future
        finally:
            del self._calls[call_id]
            self._on_pending(False)  # noqa: FBT003
        if answer.error is not None:
            raise TerminatingError(ErrorRecord(answer.error, f"{method}HostFailed", category=7))
        return answer.value

    def answered(self, answer: HostAnswer) -> None:
        """The client's answer to a host call; one that nobody waits for is dropped."""
        future = self._calls.get(answer.call_id)
        if future is not None and not future.done():
            future.set_result(answer)

    def state(self, state: int, error: ErrorRecord | None = None) -> None:
        """The pipeline's end: completed, failed or stopped."""
        self._pool.emit(MessageType.PIPELINE_STATE, messages.pipeline_state(state, error), self._id)

    def _say(self, stream: str, kind: MessageType, clixml: str) -> None:
        if stream not in self._silenced:
            merged = stream in self._merged
            self._pool.emit(MessageType.PIPELINE_OUTPUT if merged else kind, clixml, self._id)


def _no_host(method: str) -> ErrorRecord:
    return ErrorRecord(
        "A command that prompts the user failed because the host program or the command type does not support user "
        "interaction. The host was attempting to request confirmation with the following message: "
        f"{method}",
        "InvalidOperation",
        category=11,
        exception_types=(
            "System.Management.Automation.Host.HostException",
            "System.Management.Automation.RuntimeException",
            "System.SystemException",
        ),
    )
