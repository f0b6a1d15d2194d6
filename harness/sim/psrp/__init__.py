"""PSRP without a transport: fragments, messages and CLIXML, both ways (MS-PSRP).

Written from the specification and from recordings, not on a client's library: the lab stays a second opinion about what
its clients send.
"""

from harness.sim.psrp._clixml_read import from_clixml
from harness.sim.psrp._clixml_write import display_text, to_clixml
from harness.sim.psrp._invocation import Created, peek_calls
from harness.sim.psrp._messages import Origin, PipelineState
from harness.sim.psrp._numbers import parse_duration
from harness.sim.psrp._pool import Event, HostAnswer, InputEnded, InputItem, PipelineCreated, Pool, PoolSettings
from harness.sim.psrp._streams import PipelineStreams
from harness.sim.psrp._wire import FragmentReader, FragmentWriter, Message, MessageType, ProtocolError, pack_message

__all__ = [
    "Created",
    "Event",
    "FragmentReader",
    "FragmentWriter",
    "HostAnswer",
    "InputEnded",
    "InputItem",
    "Message",
    "MessageType",
    "Origin",
    "PipelineCreated",
    "PipelineState",
    "PipelineStreams",
    "Pool",
    "PoolSettings",
    "ProtocolError",
    "display_text",
    "from_clixml",
    "pack_message",
    "parse_duration",
    "peek_calls",
    "to_clixml",
]
