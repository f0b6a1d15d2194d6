"""A runspace pool on the server's side: messages in, events and messages out; no sockets, no clock, no tasks.

The states and their order follow MS-PSRP 3.2 and the recordings: capability and private data first, then the pool's
state; the key exchange; runspace counts; pipelines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from harness.sim.objects import ErrorRecord, Obj
from harness.sim.psrp import _messages as messages
from harness.sim.psrp._clixml_read import from_clixml
from harness.sim.psrp._invocation import Created, read_command_metadata, read_create_pipeline
from harness.sim.psrp._session_key import SessionKey
from harness.sim.psrp._wire import FragmentReader, FragmentWriter, Message, MessageType, ProtocolError, pack_message

__all__ = ["Event", "HostAnswer", "InputEnded", "InputItem", "PipelineCreated", "Pool", "PoolSettings"]

NO_ID = UUID(int=0)
_NUMBERED = {"2.1": 1, "2.2": 2, "2.3": 3}


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What a host offers: the protocol's version and its own, and the most bytes of a fragment."""

    protocol_version: str = "2.3"
    os_version: str = "10.0.20348"
    fragment_size: int = 32 * 1024


@dataclass(frozen=True, slots=True)
class PipelineCreated:
    """The client wants a pipeline to run."""

    pipeline_id: UUID
    created: Created


@dataclass(frozen=True, slots=True)
class InputItem:
    """One input object for a pipeline."""

    pipeline_id: UUID
    value: object


@dataclass(frozen=True, slots=True)
class InputEnded:
    """The pipeline has all its input."""

    pipeline_id: UUID


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """The client's host has done what it was asked; ``error`` is its exception's text."""

    pipeline_id: UUID | None
    call_id: int
    value: object
    error: str | None


Event = PipelineCreated | InputItem | InputEnded | HostAnswer
Send = Callable[[UUID | None, bytes], None]


@dataclass(slots=True)
class _Runspaces:
    least: int = 1
    most: int = 1


class Pool:
    """One runspace pool.

    Args:
        settings: see PoolSettings.
        send: gets each fragment of each message, with the pipeline it belongs to (None for the pool).
    """

    def __init__(self, settings: PoolSettings, send: Send) -> None:
        self.id = NO_ID
        self.opened = False
        self.application_arguments: dict[str, object] = {}
        self.has_host = False
        self._settings = settings
        self._send = send
        self._reader = FragmentReader()
        self._writer = FragmentWriter(settings.fragment_size)
        self._key = SessionKey()
        self._key_given = False
        self._runspaces = _Runspaces()
        self.running = 0

    def __repr__(self) -> str:
        state = "opened" if self.opened else "opening"
        return f"<Pool {self.id} {state}, protocol {self._settings.protocol_version}, {self.running} running>"

    @property
    def encrypt(self) -> Callable[[str], str] | None:
        """How to write a secure string, once the key was exchanged."""
        return self._key.encrypt if self._key_given else None

    def feed(self, data: bytes) -> list[Event]:
        """Take fragments from the client.

        Returns:
            What the pipelines have to do.

        Raises:
            ProtocolError: the data is not PSRP, or not at this time.
        """
        events: list[Event] = []
        for message in self._reader.feed(data):
            name = _HANDLERS.get(message.type)
            if name is None:
                raise ProtocolError(f"{message.type.name} is not for a server")
            handler: Callable[[Message], Event | None] = getattr(self, name)
            event = handler(message)
            if event is not None:
                events.append(event)
        return events

    def connect(self, data: bytes) -> None:
        """Take what a client that connects anew sends; its object ids start again (test_psrp_disconnected_commands)."""
        self._reader = FragmentReader()
        for message in self._reader.feed(data):
            if message.pool_id != self.id:
                raise ProtocolError("the client connects to another pool")
            if message.type is MessageType.SESSION_CAPABILITY:
                self.emit(MessageType.SESSION_CAPABILITY, messages.session_capability(self._settings.protocol_version))
            elif message.type is MessageType.CONNECT_RUNSPACEPOOL:
                text = messages.pool_init_data(self._runspaces.least, self._runspaces.most)
                self.emit(MessageType.RUNSPACEPOOL_INIT_DATA, text)
            else:
                raise ProtocolError(f"{message.type.name} does not connect")

    def tell_private_data(self) -> None:
        """Send APPLICATION_PRIVATE_DATA."""
        text = messages.application_private_data(self._settings.protocol_version, self._settings.os_version)
        self.emit(MessageType.APPLICATION_PRIVATE_DATA, text)

    def tell_state(self, state: int, error: ErrorRecord | None = None) -> None:
        """Send RUNSPACEPOOL_STATE."""
        self.emit(MessageType.RUNSPACEPOOL_STATE, messages.pool_state(state, error))

    def emit(self, kind: MessageType, clixml: str, pipeline_id: UUID | None = None) -> None:
        """Send any message."""
        # the recorded capability message carries no pool id on Create, the pool's own on Connect
        pool_id = self.id if self.opened or kind is not MessageType.SESSION_CAPABILITY else NO_ID
        for fragment in self._writer.cut(pack_message(kind, pool_id, pipeline_id, clixml)):
            self._send(pipeline_id, fragment)

    def _value(self, message: Message) -> object:
        return from_clixml(message.data, self._key.decrypt if self._key_given else None)

    def _object(self, message: Message) -> Obj:
        value = self._value(message)
        if not isinstance(value, Obj):
            raise ProtocolError(f"{message.type.name} holds no object")
        return value

    def _capability(self, message: Message) -> None:
        value = self._object(message)
        asked = str(value.get("protocolversion"))
        if asked not in _NUMBERED and not asked.startswith("2."):
            raise ProtocolError(f"protocol version {asked} is not spoken here")
        if self.id not in {NO_ID, message.pool_id}:
            raise ProtocolError("the pool has another id")
        self.id = message.pool_id
        self.emit(MessageType.SESSION_CAPABILITY, messages.session_capability(self._settings.protocol_version))

    def _init(self, message: Message) -> None:
        if self.id == NO_ID:
            raise ProtocolError("INIT_RUNSPACEPOOL came before SESSION_CAPABILITY")
        value = self._object(message)
        self._runspaces = _Runspaces(_count(value.get("MinRunspaces")), _count(value.get("MaxRunspaces")))
        arguments = value.get("ApplicationArguments")
        if isinstance(arguments, dict):
            self.application_arguments = {str(name): item for name, item in arguments.items()}
        host = value.get("HostInfo")
        self.has_host = isinstance(host, Obj) and host.get("_isHostNull") is False
        self.opened = True
        self.tell_private_data()
        self.tell_state(messages.PoolState.OPENED)

    def _public_key(self, message: Message) -> None:
        wrapped = self._key.wrapped_for(str(self._object(message).get("PublicKey")))
        self._key_given = True
        self.emit(MessageType.ENCRYPTED_SESSION_KEY, messages.encrypted_session_key(wrapped))

    def _set_runspaces(self, message: Message) -> None:
        value = self._object(message)
        call_id = _call_id(value)
        name = "MaxRunspaces" if message.type is MessageType.SET_MAX_RUNSPACES else "MinRunspaces"
        wanted = _count(value.get(name))
        least, most = self._runspaces.least, self._runspaces.most
        if message.type is MessageType.SET_MAX_RUNSPACES:
            done = wanted >= least and wanted != most
            self._runspaces.most = wanted if done else most
        else:
            done = 1 <= wanted <= most and wanted != least
            self._runspaces.least = wanted if done else least
        self.emit(MessageType.RUNSPACE_AVAILABILITY, messages.availability(call_id, done))

    def _available(self, message: Message) -> None:
        call_id = _call_id(self._object(message))
        free = max(0, self._runspaces.most - self.running)
        self.emit(MessageType.RUNSPACE_AVAILABILITY, messages.availability(call_id, free))

    def _reset(self, message: Message) -> None:
        call_id = _call_id(self._object(message))
        alone = self._runspaces.most == 1 and self.running == 0
        self.emit(MessageType.RUNSPACE_AVAILABILITY, messages.availability(call_id, alone))

    def _create_pipeline(self, message: Message) -> Event:
        self._must_be_open(message)
        read = read_create_pipeline if message.type is MessageType.CREATE_PIPELINE else read_command_metadata
        return PipelineCreated(self._pipeline(message), read(self._value(message)))

    def _input(self, message: Message) -> Event:
        self._must_be_open(message)
        if message.type is MessageType.END_OF_PIPELINE_INPUT:
            return InputEnded(self._pipeline(message))
        return InputItem(self._pipeline(message), self._value(message))

    def _host_response(self, message: Message) -> Event:
        value = self._object(message)
        error = value.get("me")
        text = None if error is None else str(error)
        return HostAnswer(message.pipeline_id, _call_id(value), value.get("mr"), text)

    def _must_be_open(self, message: Message) -> None:
        if not self.opened or message.pool_id != self.id:
            raise ProtocolError(f"{message.type.name} came to a pool that is not open")

    def _pipeline(self, message: Message) -> UUID:
        if message.pipeline_id is None:
            raise ProtocolError(f"{message.type.name} names no pipeline")
        return message.pipeline_id


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


def _call_id(value: Obj) -> int:
    call_id = value.get("ci")
    if not isinstance(call_id, int):
        raise ProtocolError("a call without its number")
    return call_id


_HANDLERS: dict[MessageType, str] = {
    MessageType.SESSION_CAPABILITY: "_capability",
    MessageType.INIT_RUNSPACEPOOL: "_init",
    MessageType.PUBLIC_KEY: "_public_key",
    MessageType.SET_MAX_RUNSPACES: "_set_runspaces",
    MessageType.SET_MIN_RUNSPACES: "_set_runspaces",
    MessageType.GET_AVAILABLE_RUNSPACES: "_available",
    MessageType.RESET_RUNSPACE_STATE: "_reset",
    MessageType.CREATE_PIPELINE: "_create_pipeline",
    MessageType.GET_COMMAND_METADATA: "_create_pipeline",
    MessageType.PIPELINE_INPUT: "_input",
    MessageType.END_OF_PIPELINE_INPUT: "_input",
    MessageType.PIPELINE_HOST_RESPONSE: "_host_response",
    MessageType.RUNSPACEPOOL_HOST_RESPONSE: "_host_response",
}
