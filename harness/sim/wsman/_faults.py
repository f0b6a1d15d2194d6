"""The faults a WinRM service answers with: codes, texts and details as recorded, or marked as not recorded.

A fault is HTTP 500 with a fault envelope. "Recorded" names the public recording it was read from on 2026-11-22; where
none was found the fault is built from DSP0226 and MS-WSMV and says "unrecorded".
"""

from xml.sax.saxutils import escape

from harness.sim.wsman._fault import CMD_PLUGIN, SHELL_PROVIDER, WsmanFault

__all__ = [
    "WsmanFault",
    "access_denied",
    "action_not_supported",
    "bad_timeout_header",
    "command_gone",
    "command_line_too_long",
    "concurrent_operations",
    "disconnect_conflict",
    "encoding_limit",
    "file_not_found",
    "internal_error",
    "invalid_parameter",
    "invalid_resource",
    "not_understood",
    "operation_timed_out",
    "program_not_started",
    "schema_error",
    "shell_gone",
    "shell_unknown",
    "too_many_commands",
    "too_many_shells",
    "too_many_users",
]

# Recorded.


def operation_timed_out() -> WsmanFault:
    """Nothing to tell within OperationTimeout; not an error, poll again (pypsrp test_psrp_long_running_cmdlet)."""
    return WsmanFault(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
        sender=False,
    )


_BAD_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource. "
)


def command_gone() -> WsmanFault:
    """The CommandId is unknown (pypsrp test_winrs_bad_cmd_id)."""
    return WsmanFault(
        2150858843,
        "w:InvalidSelectors",
        _BAD_SELECTORS,
        message="The Windows Remote Shell received a request to perform an operation on a command identifier that does "
        "not exist. Either the command has completed execution or the client specified an invalid command identifier. ",
        detail="UnexpectedSelectors",
    )


def shell_unknown() -> WsmanFault:
    """Get names a shell that is not there (pypsrp test_psrp_is_alive_invalid_selectors)."""
    return WsmanFault(
        2150858843, "w:InvalidSelectors", _BAD_SELECTORS, detail="UnexpectedSelectors", provider=SHELL_PROVIDER
    )


def shell_gone(shell_id: str) -> WsmanFault:
    """Any other request names a shell that is not there (text: github.com/jborean93/pypsrp/issues/22)."""
    return WsmanFault(
        2150858843,
        "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation. ",
        detail="UnexpectedSelectors",
    )


def bad_timeout_header(value: str) -> WsmanFault:
    """OperationTimeout is not a positive duration (pypsrp test_psrp_is_alive_other_wsman_error)."""
    return WsmanFault(
        2150858767,
        "a:InvalidMessageInformationHeader",
        "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. ",
        message="The WS-Management service cannot process the request. The XML contains an invalid timeout field in "
        f"the SOAP header: {value}. ",
    )


def invalid_parameter() -> WsmanFault:
    """A Receive without a command on a command shell (pypsrp test_winrs_fail_poll_process)."""
    return WsmanFault(
        87, "w:InvalidParameter", "The parameter is incorrect. ", detail="InvalidValue", provider=CMD_PLUGIN
    )


def program_not_started(code: int, text: str) -> WsmanFault:
    """The command shell could not start the program (pypsrp test_winrs_no_cmd_shell; masterzen for 2147942606)."""
    return WsmanFault(code, "w:InternalError", text, sender=False, provider=CMD_PLUGIN)


def file_not_found() -> WsmanFault:
    """No such program and no command shell to say so."""
    return program_not_started(2147942402, "The system cannot find the file specified. ")


def command_line_too_long() -> WsmanFault:
    """More than Windows takes as a command line."""
    return program_not_started(2147942606, "The filename or extension is too long. ")


def too_many_shells(limit: int) -> WsmanFault:
    """The user's shells are used up (WinRb wmi_error_v2.xml, with its MSFT_WmiError)."""
    return WsmanFault(
        2150859173,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user "
        "has been exceeded. Close existing shells or raise the quota for this user. ",
        wmi="The WS-Management service cannot process the request. "
        f"This user is allowed a maximum number of {limit} concurrent shells, which has been exceeded. Close existing "
        "shells or raise the quota for this user. ",
    )


def concurrent_operations(limit: int) -> WsmanFault:
    """The user's operations are used up (form from pywinrm's test_exceptions; its texts are replaced there)."""
    return WsmanFault(
        2150859174,
        "w:InternalError",
        "The WS-Management service cannot process the request. The maximum number of concurrent operations for this "
        "user has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
        sender=False,
        wmi="The WS-Management service cannot process the request. "
        f"This user is allowed a maximum number of {limit} concurrent operations, which has been exceeded. Close "
        "existing operations for this user, or raise the quota for this user. ",
    )


def not_understood(qname: str) -> WsmanFault:
    """A header that must be understood is not (form recorded by pywinrm's test_exceptions)."""
    return WsmanFault(
        None,
        "",
        "The WS-Management service cannot process a SOAP header in the request that is marked as mustUnderstand by the "
        "client.  This could be caused by the use of a version of the protocol which is not supported, or may be an "
        "incompatibility  between the client and server implementations. ",
        header=f'<s:NotUnderstood qname="{escape(qname)}" />',
    )


def schema_error() -> WsmanFault:
    """The envelope breaks its schema (number and subcode recorded by pywinrm and pypsrp, text theirs replaced)."""
    return WsmanFault(
        2150858817,
        "w:SchemaValidationError",
        "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and "
        "retry. ",
    )


def invalid_resource(uri: str) -> WsmanFault:
    """The resource URI names nothing here, or no such session configuration.

    Number and text as users report them (github.com/diyan/pywinrm/issues/273, github.com/jborean93/pypsrp/issues/192);
    subcode and detail as microsoft/omi recorded them for 2150858752.
    """
    return WsmanFault(
        2150858811,
        "a:DestinationUnreachable",
        f"The WS-Management service cannot process the request. The resource URI ({uri}) was not found in the "
        "WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints. ",
        detail="InvalidResourceURI",
    )


# Unrecorded: built from DSP0226, MS-WSMV and the numbers in PowerShell's WSManNativeAPI.cs.


def access_denied() -> WsmanFault:
    """The account may not do this (unrecorded envelope: MS-WSTIM 3.1.4.2.1; code 5 from PowerShell's source)."""
    return WsmanFault(5, "w:AccessDenied", "Access is denied. ")


def encoding_limit(limit: int) -> WsmanFault:
    """The answer does not fit into the client's MaxEnvelopeSize (unrecorded)."""
    return WsmanFault(
        2150858765,
        "w:EncodingLimit",
        "The WS-Management service cannot process the request. The response size exceeds the maximum envelope size. ",
        message="The WS-Management service cannot process the request. The size of the response exceeded the maximum "
        f"envelope size of {limit} that the client allows. ",
        sender=False,
        detail="MaxEnvelopeSize",
    )


def action_not_supported(action: str) -> WsmanFault:
    """The action is unknown, or not for this resource (unrecorded)."""
    return WsmanFault(
        2150858754,
        "a:ActionNotSupported",
        "The WS-Management service cannot process the request. The action is not supported by the service. ",
        message=f"The action {action} is not supported by the service. ",
    )


def too_many_users() -> WsmanFault:
    """Too many users have shells here (number from Windows' headers, envelope as the recorded quota fault)."""
    text = (
        "The WS-Management service cannot process the request. The maximum number of users executing shell operations "
        "has been exceeded. Retry after sometime or raise the quota for concurrent shell users. "
    )
    return WsmanFault(2150859179, "w:QuotaLimit", text, wmi=text)


def too_many_commands() -> WsmanFault:
    """The shell had too many commands that nobody terminated (text: github.com/jborean93/pypsrp/issues/148)."""
    text = (
        "The WS-Management service cannot process the request. The maximum number of concurrent commands per shell has "
        "been exceeded. Retry the request later or raise the Maximum Commands per Shell quota. "
    )
    return WsmanFault(2150859241, "w:InternalError", text, sender=False, wmi=text)


def disconnect_conflict() -> WsmanFault:
    """The shell is still connected to another client (2150859213, PowerShell's WSManNativeAPI.cs)."""
    return WsmanFault(
        2150859213,
        "w:Concurrency",
        "The WS-Management service cannot process the request. The shell is in use and cannot be connected to. ",
    )


def internal_error(text: str) -> WsmanFault:
    """Whatever the service itself cannot do (unrecorded)."""
    return WsmanFault(2150858752, "w:InternalError", text, sender=False)
