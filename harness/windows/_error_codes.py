"""The harness's words for error records: by id, exception type and number, never by the localised text."""

import re

from harness.remoting import ErrorDetail

__all__ = ["error_code", "hresult_of", "raised_by"]

_CODES = {
    0x80070005: "access_denied",
    0x80041003: "access_denied",
    0x8004100E: "namespace_missing",
    0x80041010: "class_missing",
    0x80041017: "query_refused",
}
_IDS = {
    "CommandNotFoundException": "command_missing",
    "NoMatchingLogsFound": "log_missing",
    "PathNotFound": "path_missing",
    "ClusterEndpointNotRegistered": "no_cluster_here",
}
_FUNCTION = re.compile(r"[A-Za-z]+-[A-Za-z]\w*")
_HRESULT = re.compile(r"0x([0-9a-fA-F]{8})")


def raised_by(error: ErrorDetail) -> str:
    """The command that raised an error, casefolded and without its dash: "getwinevent".

    Cmdlets name their class ("Microsoft.PowerShell.Commands.GetWinEventCommand"), functions their own name. Some
    functions give their name as the whole id.
    """
    own = error.error_id if _FUNCTION.fullmatch(error.error_id) else ""
    name = (error.command or own).rpartition(".")[2].rpartition("\\")[2].replace("-", "").casefold()
    return name.removesuffix("command") if name != "command" else name


def hresult_of(error: ErrorDetail) -> int | None:
    """The code of an error: from the record, or from an id such as "HRESULT 0xc004f050,...InvokeCimMethodCommand"."""
    found = _HRESULT.search(error.error_id)
    return int(found[1], 16) if found else error.hresult


def error_code(error: ErrorDetail) -> str:
    """The harness's word for an error of the error stream."""
    known = _IDS.get(error.error_id) or _CODES.get(hresult_of(error) or 0)
    if known:
        return known
    if "UnauthorizedAccess" in error.fq_id + error.exception_type or "PermissionDenied" in error.category:
        return "access_denied"
    if "ParameterBinding" in error.exception_type:
        return "parameter_refused"
    return "command_failed"
