"""Error records as the harness sees them: ids, types and codes, which no display language changes."""

import re

from harness.remoting.decode import EnumValue, RemoteObject
from harness.remoting.pipeline import ErrorDetail

__all__ = ["error_detail"]

_CATEGORIES = tuple(
    """
    NotSpecified OpenError CloseError DeviceError DeadlockDetected InvalidArgument InvalidData InvalidOperation
    InvalidResult InvalidType MetadataError NotImplemented NotInstalled ObjectNotFound OperationStopped
    OperationTimeout SyntaxError ParserError PermissionDenied ResourceBusy ResourceExists ResourceUnavailable
    ReadError WriteError FromStdErr SecurityError ProtocolError ConnectionError AuthenticationError LimitsExceeded
    QuotaExceeded NotEnabled
    """.split()  # noqa: SIM905 - a table of 32 words reads as words
)
"""System.Management.Automation.ErrorCategory, by number."""

_CODE = re.compile(r"0x([0-9A-Fa-f]{8})\b")
_CLR = 0x8013
"""The facility of the runtime's own HRESULTs (COR_E_EXCEPTION and its like): they say nothing about Windows."""


def error_detail(record: object) -> ErrorDetail:
    """The parts of an ErrorRecord (MS-PSRP 2.2.3.15) that are matched and shown.

    Args:
        record: the decoded record; anything else that came in its place is kept as its text.
    """
    if not isinstance(record, RemoteObject):
        return ErrorDetail(str(record), "", "NotSpecified", "", None)
    thrown = record.get("Exception")
    exception = thrown if isinstance(thrown, RemoteObject) else RemoteObject(())
    message = _message(record, exception)
    return ErrorDetail(
        message=message,
        fq_id=str(record.get("FullyQualifiedErrorId") or ""),
        category=_category(record.get("ErrorCategory_Category")),
        exception_type=exception.types[0] if exception.types else "",
        hresult=_hresult(exception, message),
        target=_target(record),
    )


def _message(record: RemoteObject, exception: RemoteObject) -> str:
    said = record.get("ErrorDetails_Message") or exception.get("Message") or record.text or exception.text
    return str(said or record.get("FullyQualifiedErrorId") or "")


def _category(number: object) -> str:
    if isinstance(number, EnumValue):
        return number.name
    return _CATEGORIES[number] if isinstance(number, int) and 0 <= number < len(_CATEGORIES) else "NotSpecified"


def _hresult(exception: RemoteObject, message: str) -> int | None:
    """CIM keeps the code in StatusCode and COM in ErrorCode; HResult is last, since it is often the runtime's own."""
    for name in ("StatusCode", "ErrorCode", "HResult"):
        value = exception.get(name)
        if isinstance(value, int) and value != 0 and (code := value & 0xFFFFFFFF) >= 0x80000000 and code >> 16 != _CLR:
            return code
    found = _CODE.search(message)
    return int(found[1], 16) if found else None


def _target(record: RemoteObject) -> str | None:
    target = record.get("ErrorCategory_TargetName") or record.get("TargetObject")
    if isinstance(target, RemoteObject):
        return target.text
    return str(target) if target not in (None, "") else None
