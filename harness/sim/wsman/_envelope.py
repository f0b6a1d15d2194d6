"""Response envelopes, written from templates: prefixes, their order and the header's order as Windows sends them."""

from collections.abc import Iterator
from itertools import count
from uuid import UUID
from xml.sax.saxutils import escape

from harness.sim.wsman import _names as names

__all__ = ["EnvelopeWriter"]

_PREFIXES = {
    "s": names.SOAP,
    "a": names.ADDRESSING,
    "x": names.TRANSFER,
    "e": names.EVENTING,
    "n": names.ENUMERATION,
    "w": names.WSMAN,
    "rsp": names.SHELL,
    "p": names.WSMV,
}


def _opening(prefixes: str) -> str:
    declared = " ".join(f'xmlns:{prefix}="{_PREFIXES[prefix]}"' for prefix in prefixes.split())
    return f'<s:Envelope xml:lang="en-US" {declared}><s:Header><a:Action>'


_SHELL = _opening("s a x w rsp p")
_OPENINGS = {
    "Create": _SHELL,
    "Command": _SHELL,
    "Send": _SHELL,
    "Signal": _SHELL,
    "Connect": _SHELL,
    "Receive": _opening("s a w rsp p"),
    "Delete": _opening("s a w p"),
    "Disconnect": _opening("s a w p"),
    "Reconnect": _opening("s a w p"),
    "Get": _opening("s a x w p"),
    "Enumerate": _opening("s a n w p"),
}
_FAULT = _opening("s a x e n w p")


class EnvelopeWriter:
    """Writes the envelopes of one service.

    Args:
        new_id: makes the id of each message.
        activity: whether responses carry an ActivityId; Windows before 2012 sends none.
        fault_relates: whether a quota fault carries RelatesTo; the recorded one (WinRb wmi_error_v2.xml) has none.
    """

    def __init__(self, new_id: Iterator[UUID], *, activity: bool = True) -> None:
        self._new_id = new_id
        self._activity = activity
        self._numbers = count(0x4C79)

    def response(self, operation: str, action: str, relates_to: str, body: str) -> bytes:
        """A response to ``action``."""
        return self._write(_OPENINGS[operation], f"{action}Response", relates_to, "", body)

    def fault(self, action: str, relates_to: str, body: str, header: str = "") -> bytes:
        """A fault; ``relates_to`` is empty where the fault carries none."""
        return self._write(_FAULT, action, relates_to, header, body)

    def _write(self, opening: str, action: str, relates_to: str, header: str, body: str) -> bytes:
        activity = ""
        if self._activity:
            number = next(self._numbers)
            activity = f"<p:ActivityId>0C486AD2-0372-{number >> 16 & 0xFFFF:04X}-{number & 0xFFFF:04X}-480C7203D401"
            activity += "</p:ActivityId>"
        related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
        return (
            f"{opening}{action}</a:Action><a:MessageID>uuid:{str(next(self._new_id)).upper()}</a:MessageID>{activity}"
            f"<a:To>{names.ANONYMOUS}</a:To>{related}{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        ).encode()
