"""The PowerShell shell: a PSRP pool inside a WS-Management shell; each command is a pipeline."""

import base64
from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from harness.sim.machine import Machine, Session
from harness.sim.psrp import (
    Event,
    InputEnded,
    InputItem,
    Origin,
    PipelineCreated,
    PipelineStreams,
    Pool,
    PoolSettings,
    ProtocolError,
)
from harness.sim.wsman import _names as names
from harness.sim.wsman._faults import WsmanFault, command_gone, internal_error, schema_error
from harness.sim.wsman._outbox import HOLD, Batch, Outbox
from harness.sim.wsman._pipeline import Pipeline
from harness.sim.wsman._request import Request
from harness.sim.wsman._shell import Caller, Shell, ShellBirth
from harness.sim.wsman._streams_xml import decode_base64, read_send

__all__ = ["PowerShellShell"]

_CREATION = f"{{{names.POWERSHELL}}}creationXml"
_CONNECT = f"{{{names.POWERSHELL}}}connectXml"
_EVERYTHING = 1 << 40


class PowerShellShell(Shell):
    """A shell whose commands are pipelines.

    Raises:
        WsmanFault: the creationXml is missing or is not PSRP.
    """

    input_streams = "stdin pr"
    output_streams = "stdout"

    def __init__(
        self,
        shell_id: str,
        request: Request,
        caller: Caller,
        birth: ShellBirth,
        *,
        machine: Machine,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(shell_id, request, caller, birth)
        self._machine = machine
        self._now = now
        self._own = Outbox()
        self._held: list[bytes] = []
        self._pipelines: dict[UUID, Pipeline] = {}
        self._first_use = birth.settings.first_use_progress
        settings = PoolSettings(machine.protocol_version, machine.os_version, birth.settings.fragment_size(request))
        self._pool = Pool(settings, self._deliver)
        shell = request.part("Shell")
        self._feed(_powershell_data(None if shell is None else shell.findtext(_CREATION)))
        self._session = Session(
            caller.account,
            shell_id,
            request.resource.removeprefix(names.POWERSHELL_PREFIX),
            self._pool.application_arguments,
            request.data_locale,
        )
        self._spread_open()

    @property
    def tells_itself(self) -> bool:
        """Whether CreateResponse describes the shell and client ids are kept; Windows 2008 R2 (2.1) does neither."""
        return self._machine.protocol_version != "2.1"

    def _fields(self) -> str:
        return (
            f"<rsp:ProcessId>{self.birth.process_id}</rsp:ProcessId>{super()._fields()}"
            "<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut>"
            f"<rsp:Locale>{self.locale}</rsp:Locale><rsp:DataLocale>{self.data_locale}</rsp:DataLocale>"
            "<rsp:CompressionMode>NoCompression</rsp:CompressionMode><rsp:ProfileLoaded>Yes</rsp:ProfileLoaded>"
            "<rsp:Encoding>UTF8</rsp:Encoding><rsp:BufferMode>Block</rsp:BufferMode>"
            f"<rsp:State>{'Disconnected' if self.disconnected else 'Connected'}</rsp:State>"
        )

    def outbox(self, command_id: str) -> Outbox:
        """See Shell; without a command it is the pool's own."""
        return super().outbox(command_id) if command_id else self._own

    def delivered(self, command_id: str, batch: Batch) -> None:
        """See Shell; after a delivery the next part of a spread open follows."""
        if command_id:
            super().delivered(command_id, batch)
        elif self._held:
            self._own.put("stdout", self._held.pop(0))

    def _spread_open(self) -> None:
        """Hold back the last answers to the open, so that they take several Receives as recorded."""
        pieces = [piece for _, piece in self._own.take(_EVERYTHING).pieces]
        at_once = max(1, len(pieces) - self.settings.open_receives + 1)
        for piece in pieces[:at_once]:
            self._own.put("stdout", piece)
        self._held = pieces[at_once:]

    def _deliver(self, pipeline_id: UUID | None, fragment: bytes) -> None:
        pipeline = None if pipeline_id is None else self._pipelines.get(pipeline_id)
        if pipeline is not None:
            pipeline.outbox.put("stdout", fragment)
        elif pipeline_id is None:
            self._own.put("stdout", fragment)

    def _feed(self, data: bytes) -> None:
        try:
            events = self._pool.feed(data)
        except ProtocolError as error:
            raise _not_psrp(error) from error
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        pipeline = None if event.pipeline_id is None else self._pipelines.get(event.pipeline_id)
        if isinstance(event, PipelineCreated):
            self._create(event, pipeline)
        elif pipeline is None:
            return
        elif isinstance(event, InputItem):
            pipeline.add_input(event.value)
        elif isinstance(event, InputEnded):
            self._start(event.pipeline_id, pipeline)
        else:
            pipeline.answered(event)

    def _create(self, event: PipelineCreated, pipeline: Pipeline | None) -> None:
        if pipeline is None or pipeline.created:
            raise _not_psrp(ProtocolError("a pipeline that no command has started"))
        calls = [call for chain in event.created.invocation.statements for call in chain]
        self.birth.observer(self.id, ["script" if call.is_script else call.name for call in calls])
        outbox = pipeline.outbox

        def pending(state: bool) -> None:  # noqa: FBT001 - the outbox's own state
            outbox.pending = state

        origin = Origin(self.owner.name, self._machine.name, self.birth.process_id)
        streams = PipelineStreams(
            self._pool, event.pipeline_id, event.created, now=self._now, origin=origin, on_pending=pending
        )
        pipeline.accept(event.created, streams)
        if not event.created.wants_input:
            self._start(event.pipeline_id, pipeline)

    def _start(self, pipeline_id: UUID, pipeline: Pipeline) -> None:
        self._pool.running += 1

        def ended() -> None:
            self._pool.running -= 1
            self._pipelines.pop(pipeline_id, None)

        pipeline.start(self._machine, self._session, ended, first_use=self._first_use)
        self._first_use = False

    async def command(self, request: Request) -> str:
        """Start a pipeline; the client proposes its id."""
        line = request.part("CommandLine")
        if line is None:
            raise schema_error()
        written = line.get("CommandId", "")
        try:
            pipeline_id = UUID(written)
        except ValueError:
            raise schema_error() from None
        shown = written if self.tells_itself else str(uuid4()).upper()
        command_id = shown.upper()
        if command_id in self.commands or pipeline_id in self._pipelines:
            raise schema_error()
        data = decode_base64(line.findtext(f"{{{names.SHELL}}}Arguments"))
        self._pipelines[pipeline_id] = Pipeline(command_id, self.add_command(command_id, hold=HOLD))
        try:
            self._feed(data)
        except WsmanFault:
            self._pipelines.pop(pipeline_id, None)
            self.forget(command_id)
            raise
        return shown

    def send(self, request: Request) -> None:
        """Take more of a pipeline's message, its input, a key, or a host's answer."""
        for _, command_id, data, _ in read_send(request):
            if command_id and command_id.upper() not in self.commands:
                raise command_gone()
            self._feed(data)

    def signal(self, command_id: str, code: str) -> None:
        """Stop a pipeline, or drop a finished one."""
        running = {pipeline.command_id: pipeline for pipeline in self._pipelines.values()}
        pipeline = running.get(command_id)
        if pipeline is not None:
            pipeline.stop()
        if code.lower() in names.SIGNAL_PS_STOP and command_id in self.commands:
            return
        if not self.forget(command_id):
            raise command_gone()

    def close(self) -> None:
        """End every pipeline and the pool."""
        for pipeline in list(self._pipelines.values()):
            pipeline.stop()
        super().close()
        self._own.end()

    def connect(self, request: Request) -> str:
        """Answer a client that connects to the pool: the connectResponseXml.

        Raises:
            WsmanFault: the connectXml is missing or not for this pool.
        """
        connect = request.part("Connect")
        data = _powershell_data(None if connect is None else connect.findtext(_CONNECT))
        kept, self._own = self._own, Outbox()
        try:
            self._pool.connect(data)
        except ProtocolError as error:
            raise _not_psrp(error) from error
        finally:
            answer, self._own = self._own, kept
        self._pool.tell_private_data()
        return base64.b64encode(b"".join(piece for _, piece in answer.take(_EVERYTHING).pieces)).decode()


def _powershell_data(text: str | None) -> bytes:
    if not text:
        raise schema_error()
    return decode_base64(text)


def _not_psrp(error: ProtocolError) -> WsmanFault:
    return internal_error(f"The PowerShell data cannot be processed: {error}. ")
