"""An error record as the object that remoting writes.

Field names, their order and the exception's properties are those of a recorded Write-Error (pypsrp
responses/test_psrp_stream_no_output_invocation.yml, Windows Server 2016, 2018-06-13).
"""

from uuid import UUID

from harness.sim.objects import Enum, ErrorRecord, Int64, Obj
from harness.sim.psrp._typed import TypedList, TypedTable

__all__ = ["CATEGORIES", "error_object"]

CATEGORIES = (
    "NotSpecified", "OpenError", "CloseError", "DeviceError", "DeadlockDetected", "InvalidArgument", "InvalidData",
    "InvalidOperation", "InvalidResult", "InvalidType", "MetadataError", "NotImplemented", "NotInstalled",
    "ObjectNotFound", "OperationStopped", "OperationTimeout", "SyntaxError", "ParserError", "PermissionDenied",
    "ResourceBusy", "ResourceExists", "ResourceUnavailable", "ReadError", "WriteError", "FromStdErr", "SecurityError",
    "ProtocolError", "ConnectionError", "AuthenticationError", "LimitsExceeded", "QuotaExceeded", "NotEnabled",
)  # fmt: skip
"""System.Management.Automation.ErrorCategory, by number."""

_GENERIC_HRESULT = -2146233087
_MSCORLIB = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
_DATA = ("System.Collections.ListDictionaryInternal", "System.Object")
_BOUND = (
    f"System.Collections.Generic.Dictionary`2[[System.String, {_MSCORLIB}],[System.Object, {_MSCORLIB}]]",
    "System.Object",
)
_UNBOUND = (f"System.Collections.Generic.List`1[[System.Object, {_MSCORLIB}]]", "System.Object")
_TARGET_TYPES = {str: "String", int: "Int32", bool: "Boolean", UUID: "Guid", list: "Object[]", dict: "Hashtable"}


def error_object(record: ErrorRecord) -> Obj:
    """The record with its exception, its category and where it came from."""
    exception = record.exception_types[0]
    reason = record.category_reason or exception.rpartition(".")[2]
    target, target_type = _target(record.target)
    category = CATEGORIES[record.category] if 0 <= record.category < len(CATEGORIES) else CATEGORIES[0]
    activity = record.category_activity
    return Obj(
        ("System.Management.Automation.ErrorRecord", "System.Object"),
        notes={
            "writeErrorStream": True,
            "Exception": _exception(record),
            "TargetObject": record.target,
            "FullyQualifiedErrorId": record.fq_id,
            "InvocationInfo": _invocation_info(activity),
            "ErrorCategory_Category": record.category,
            "ErrorCategory_Activity": activity,
            "ErrorCategory_Reason": reason,
            "ErrorCategory_TargetName": target,
            "ErrorCategory_TargetType": target_type,
            "ErrorCategory_Message": f"{category}: ({target}:{target_type}) [{activity}], {reason}",
            "SerializeExtendedInfo": False,
            "ErrorDetails_ScriptStackTrace": "at <ScriptBlock>, <No file>: line 1",
            "PSMessageDetails": None,
        },
        text=record.message,
    )


def _exception(record: ErrorRecord) -> Obj:
    types = record.exception_types
    for base in ("System.Exception", "System.Object"):
        if base not in types:
            types = (*types, base)
    hresult = _GENERIC_HRESULT if record.hresult is None else record.hresult
    return Obj(
        types,
        adapted={
            "Message": record.message,
            "Data": TypedTable(_DATA),
            "InnerException": None,
            "TargetSite": None,
            "StackTrace": None,
            "HelpLink": None,
            "Source": None,
            "HResult": hresult - 0x1_0000_0000 if hresult > 0x7FFFFFFF else hresult,
            **record.extra,
        },
        text=f"{types[0]}: {record.message}",
    )


def _invocation_info(command: str) -> Obj:
    return Obj(
        ("System.Management.Automation.InvocationInfo", "System.Object"),
        adapted={
            "MyCommand": command or None,
            "BoundParameters": TypedTable(_BOUND),
            "UnboundArguments": TypedList(_UNBOUND),
            "ScriptLineNumber": 0,
            "OffsetInLine": 0,
            "HistoryId": Int64(1),
            "ScriptName": "",
            "Line": "",
            "PositionMessage": "",
            "PSScriptRoot": "",
            "PSCommandPath": None,
            "InvocationName": command,
            "PipelineLength": 0,
            "PipelinePosition": 0,
            "ExpectingInput": False,
            "CommandOrigin": "Internal",
            "DisplayScriptPosition": None,
        },
    )


def _target(target: object) -> tuple[str, str]:
    if target is None:
        return "", ""
    if isinstance(target, Obj):
        return str(target), target.types[0].rpartition(".")[2]
    if isinstance(target, Enum):
        return target.name, target.type_name.rpartition(".")[2]
    return str(target), _TARGET_TYPES.get(type(target), type(target).__name__)
