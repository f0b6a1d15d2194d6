"""WS-Management faults: reading them, and what each code means to an administrator.

Sources: MS-WSMV 2.2.4.43 (WSManFault), the codes of Windows' wsmerror.h, and Microsoft Learn "Installation and
configuration for Windows Remote Management" (quotas), read 2026-11.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from harness.core.errors import (
    AccessDeniedError,
    DeadlineError,
    ProtocolError,
    QuotaError,
    Sent,
    SessionGoneError,
    TransportError,
)

__all__ = ["OPERATION_TIMEOUT", "Fault", "read_fault", "refusal"]

OPERATION_TIMEOUT = 0x80338029
"""On Receive: no output yet, ask again. On any other action: nobody knows whether it was done."""

_SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
_FAULT = "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}"
_WMI = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}"

_OURS = "Close sessions that other tools hold open there, or raise the quota under WSMan:\\localhost\\Shell."
_BUSY = "Wait a moment and run again."
_QUOTAS: dict[int, tuple[str, str]] = {
    0x803381A5: ("this user has too many shells open there", _OURS),
    0x803381A6: ("too many operations are under way there for this user", _BUSY),
    0x803381A7: ("this user's quota of requests is used up", _BUSY),
    0x803381A8: ("the machine's quota of requests is used up", _BUSY),
    0x803381AB: ("too many different users have shells open there", _OURS),
    0x803381E4: ("this user has too many PowerShell sessions open there", _OURS),
    0x803381E5: ("too many different users have PowerShell sessions open there", _OURS),
    0x803381E6: ("too many PowerShell sessions are open there", _OURS),
    0x803381E7: ("too many operations are under way in PowerShell remoting there", _BUSY),
    0x803381E8: ("too many PowerShell operations are under way there for this user", _BUSY),
    0x803381E9: ("this session has run as many commands as a session may", "Run again: the next session starts anew."),
    0x803381EA: ("the session asks for more than PowerShell remoting there can give", _BUSY),
    0x8033803F: ("it is busy", _BUSY),
}

_GONE = {
    0x8033805B: "the session no longer exists there",
    0x803381C4: "the session is disconnected",
    0x803381DE: "the session's stream is disconnected",
}
_ABORTED = {995: "the operation was aborted", 1115: "it is shutting down", 1223: "the operation was cancelled"}
_DENIED = {5, 1311, 1326, 0x80070005}
_CLOSED = {
    0x803381DD: ("WinRM on the machine takes no remote requests", "Run Enable-PSRemoting there."),
    0x803381E3: ("the session configuration takes no remote requests", "Run Enable-PSRemoting there."),
    0x803381DF: ("the account that the session configuration runs as cannot log on", "Renew its password there."),
    0x803381FD: ("the managed account of the session configuration cannot log on", "Renew its password there."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """``code`` of the WSManFault or MSFT_WmiError, ``subcode`` without its prefix, ``reason`` in the server's words."""

    code: int | None
    subcode: str
    reason: str


def read_fault(envelope: bytes) -> Fault | None:
    """The fault inside a SOAP envelope, or None when it holds none (or is no XML at all)."""
    try:
        fault = ET.fromstring(envelope).find(f"{_SOAP}Body/{_SOAP}Fault")  # noqa: S314 - expat expands nothing external
    except ET.ParseError:
        return None
    if fault is None:
        return None
    detail = fault.find(f"{_SOAP}Detail")
    wsman = None if detail is None else detail.find(f"{_FAULT}WSManFault")
    wmi = None if detail is None else detail.find(f".//{_WMI}error_Code")
    code = wsman.get("Code") if wsman is not None else None if wmi is None else wmi.text
    subcode = fault.findtext(f"{_SOAP}Code/{_SOAP}Subcode/{_SOAP}Value") or ""
    message = "" if wsman is None else "".join(wsman.itertext())
    reason = message or fault.findtext(f"{_SOAP}Reason/{_SOAP}Text") or ""
    return Fault(_number(code), subcode.rpartition(":")[2], " ".join(reason.split()))


def refusal(fault: Fault) -> TransportError:
    """What a fault is to the caller, with ``sent`` as far as the one request goes that it answers."""
    code = fault.code
    if code in _QUOTAS or fault.subcode == "QuotaLimit":
        what, hint = _QUOTAS.get(code or 0, ("a quota of WinRM is used up", _BUSY))
        return QuotaError(f"The machine refused the request: {what}{_tag(code)}.", hint=hint)
    if code in _DENIED or fault.subcode == "AccessDenied":
        return AccessDeniedError(
            f"The machine knows the account but does not allow it this session{_tag(code)}.",
            hint="Use an account that is an administrator there, or that the session configuration allows.",
        )
    if code in _CLOSED:
        what, hint = _CLOSED[code]
        return AccessDeniedError(f"The machine refused the session: {what}{_tag(code)}.", hint=hint)
    if code in _GONE:
        return SessionGoneError(f"The machine answered that {_GONE[code]}{_tag(code)}.", sent=Sent.NO)
    if code in _ABORTED:
        return SessionGoneError(
            f"The machine answered that {_ABORTED[code]}{_tag(code)}.", sent=Sent.MAYBE, hint="It may be restarting."
        )
    if code == OPERATION_TIMEOUT:
        return DeadlineError(
            f"WinRM on the machine gave up waiting{_tag(code)}.",
            sent=Sent.MAYBE,
            hint="Whether the request took effect is not known: read the state before asking again.",
        )
    return _other(fault)


def _other(fault: Fault) -> TransportError:
    if fault.code in {0x8033803B, 0x80338002} or fault.subcode == "DestinationUnreachable":
        return AccessDeniedError(
            f"The machine has no session configuration of that name{_tag(fault.code)}.",
            hint="Register it there (Register-PSSessionConfiguration) or correct `configuration` in the inventory.",
        )
    said = f": {fault.reason}" if fault.reason else "."
    name = fault.subcode or "without a name"
    return ProtocolError(f"WinRM on the machine answered with the fault {name}{_tag(fault.code)}{said}")


def _tag(code: int | None) -> str:
    if code is None:
        return ""
    return f" (0x{code:08X})" if code > 0xFFFF else f" (code {code})"


def _number(text: str | None) -> int | None:
    try:
        return int(text or "") & 0xFFFFFFFF
    except ValueError:
        return None
