"""Streams in and out of envelopes: the Send body read, the ReceiveResponse body written."""

import base64
import binascii

from harness.sim.wsman import _names as names
from harness.sim.wsman._faults import schema_error
from harness.sim.wsman._outbox import Batch
from harness.sim.wsman._request import Request

__all__ = ["SentStream", "decode_base64", "read_send", "receive_response"]

SentStream = tuple[str, str, bytes, bool]
"""Stream name, command id as written, data, whether it is the end."""

_STREAM = f"{{{names.SHELL}}}Stream"


def decode_base64(text: str | None) -> bytes:
    """Base64 of an element's text; blanks and line breaks do not matter.

    Raises:
        WsmanFault: it is none.
    """
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise schema_error() from error


def read_send(request: Request) -> list[SentStream]:
    """The streams of a Send.

    Raises:
        WsmanFault: there is no Send, or its data is not base64.
    """
    send = request.part("Send")
    if send is None:
        raise schema_error()
    return [
        (
            stream.get("Name", ""),
            stream.get("CommandId", ""),
            decode_base64(stream.text),
            stream.get("End", "").lower() in ("true", "1"),
        )
        for stream in send.iterfind(_STREAM)
    ]


def receive_response(command_id: str, batch: Batch, *, ends: tuple[str, ...] = (), running: bool = False) -> str:
    """The body of a ReceiveResponse.

    Args:
        command_id: as the client wrote it; empty for the shell's own streams.
        batch: what is delivered.
        ends: names of streams that get an empty End element when the command is done (command shell).
        running: whether to say Running while more will come (command shell; PSRP says nothing).
    """
    mark = f' CommandId="{command_id}"' if command_id else ""
    parts = ["<rsp:ReceiveResponse>"]
    for name, piece in batch.pieces:
        parts.append(f'<rsp:Stream Name="{name}"{mark}>{base64.b64encode(piece).decode()}</rsp:Stream>')
    if command_id:
        if batch.done:
            parts.extend([f'<rsp:Stream Name="{name}"{mark} End="true"></rsp:Stream>' for name in ends])
            parts.append(
                f'<rsp:CommandState{mark} State="{names.COMMAND_STATE}/Done">'
                f"<rsp:ExitCode>{batch.exit_code}</rsp:ExitCode></rsp:CommandState>"
            )
        elif batch.pending or running:
            state = "Pending" if batch.pending else "Running"
            parts.append(f'<rsp:CommandState{mark} State="{names.COMMAND_STATE}/{state}"></rsp:CommandState>')
    parts.append("</rsp:ReceiveResponse>")
    return "".join(parts)
