"""The faults a WinRM service answers with: codes, texts and details as recorded, or marked as not recorded.

A fault is HTTP 500 with a fault envelope. "Recorded" names the public recording it was read from on 2026-11-22; where
none was found the fault is built from DSP0226 and MS-WSMV and says "unrecorded".
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from harness.sim.wsman._names import ADDRESSING, ENUMERATION, FAULT

__all__ = [
    "Provider",
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
    "quota",
    "schema_error",
    "shell_gone",
    "too_many_shells",
    "too_many_users",
]

_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
_ACTIONS = {
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
    "a": f"{ADDRESSING}/fault",
    "n": f"{ENUMERATION}/fault",
}


@dataclass(frozen=True, slots=True)
class Provider:
    """The plug-in that reports the fault, named inside the message."""

    name: str
    path: str
    nested: bool = False


_CMD_PLUGIN = Provider("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")
_SHELL_PROVIDER = Provider("Shell provider", r"%systemroot%\system32\WsmSvc.dll", nested=True)


class WsmanFault(Exception):
    """A request that is refused; the service turns it into a fault envelope.

    Args:
        code: the WSManFault code, None for a fault without detail.
        subcode: with its prefix, as ``w:InvalidSelectors``; empty for MustUnderstand.
        text: the reason.
        message: the detail's message, when it differs from the reason.
        sender: whether the client is at fault (``s:Sender``) or the server (``s:Receiver``).
        detail: the last part of the FaultDetail URI.
        wmi: write the detail as ``p:MSFT_WmiError`` with this message.
        header: extra header XML (NotUnderstood).
    """

    def __init__(
        self,
        code: int | None,
        subcode: str,
        text: str,
        *,
        message: str | None = None,
        sender: bool = True,
        detail: str = "",
        provider: Provider | None = None,
        wmi: str | None = None,
        header: str = "",
    ) -> None:
        super().__init__(text)
        self.code = code
        self.subcode = subcode
        self.text = text
        self.message = text if message is None else message
        self.sender = sender
        self.detail = detail
        self.provider = provider
        self.wmi = wmi
        self.header = header
        self.request: object = None

    @property
    def action(self) -> str:
        """The fault action that belongs to the subcode's family."""
        return _ACTIONS.get(self.subcode.partition(":")[0], _ACTIONS["a"])

    def body(self, machine: str) -> str:
        """The SOAP body; ``machine`` is the host name or address that the client used."""
        if not self.subcode:
            return (
                "<s:Fault><s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>"
                f'<s:Reason><s:Text xml:lang="en-US">{escape(self.text)}</s:Text></s:Reason></s:Fault>'
            )
        family = "Sender" if self.sender else "Receiver"
        return (
            f"<s:Fault><s:Code><s:Value>s:{family}</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode>"
            f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(self.text)}</s:Text></s:Reason>'
            f"<s:Detail>{self._detail(machine)}</s:Detail></s:Fault>"
        )

    def _detail(self, machine: str) -> str:
        if self.wmi is not None:
            return _wmi_error(self.code or 0, self.wmi)
        message = escape(self.message)
        if self.provider is not None:
            inner = _wsman_fault(self.code, machine, message) if self.provider.nested else message
            message = f'<f:ProviderFault provider="{self.provider.name}" path="{self.provider.path}">{inner}'
            message += "</f:ProviderFault>"
        uri = f"<w:FaultDetail>{_DETAIL}/{self.detail}</w:FaultDetail>" if self.detail else ""
        return uri + _wsman_fault(self.code, machine, message)


def _wsman_fault(code: int | None, machine: str, message: str) -> str:
    name = escape(machine, {'"': "&quot;"})
    return f'<f:WSManFault xmlns:f="{FAULT}" Code="{code}" Machine="{name}"><f:Message>{message}</f:Message></f:WSManFault>'


def _wmi_error(code: int, message: str) -> str:
    """The detail of a quota fault as WinRb and pywinrm recorded it (field order theirs)."""
    nil = 'xsi:type="cim:cimString" xsi:nil="true"'
    short = 'xsi:type="cim:cimUnsignedShort"'
    text = escape(message)
    return (
        '<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"'
        ' xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"'
        ' xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xsi:type="p:MSFT_WmiError_Type">'
        '<p:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</p:CIMStatusCode>'
        f"<p:CIMStatusCodeDescription {nil} /><p:ErrorSource {nil} />"
        f"<p:ErrorSourceFormat {short}>0</p:ErrorSourceFormat><p:ErrorType {short}>0</p:ErrorType>"
        f'<p:Message xsi:type="cim:cimString">{text}</p:Message>'
        f'<p:MessageID xsi:type="cim:cimString">HRESULT 0x{code:08x}</p:MessageID>'
        f"<p:OtherErrorSourceFormat {nil} /><p:OtherErrorType {nil} /><p:OwningEntity {nil} />"
        f"<p:PerceivedSeverity {short}>0</p:PerceivedSeverity><p:ProbableCause {short}>0</p:ProbableCause>"
        f"<p:ProbableCauseDescription {nil} />"
        '<p:error_Category xsi:type="cim:cimUnsignedInt">30</p:error_Category>'
        f'<p:error_Code xsi:type="cim:cimUnsignedInt">{code}</p:error_Code>'
        '<p:error_Type xsi:type="cim:cimString">HRESULT</p:error_Type>'
        f'<p:error_WindowsErrorMessage xsi:type="cim:cimString">{text}</p:error_WindowsErrorMessage>'
        "</p:MSFT_WmiError>"
    )


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


def shell_gone() -> WsmanFault:
    """The ShellId is unknown or closed (pypsrp test_psrp_is_alive_invalid_selectors)."""
    return WsmanFault(
        2150858843, "w:InvalidSelectors", _BAD_SELECTORS, detail="UnexpectedSelectors", provider=_SHELL_PROVIDER
    )


def bad_timeout_header(value: str) -> WsmanFault:
    """OperationTimeout is not a positive duration (pypsrp test_psrp_is_alive_other_wsman_error)."""
    return WsmanFault(
        2150858767,
        "a:InvalidMessageInformationHeader",
        "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. ",
        message="The WS-Management service cannot process the request. The XML contains an invalid timeout field in the "
        f"SOAP header: {value}. ",
    )


def invalid_parameter() -> WsmanFault:
    """A Receive without a command on a command shell (pypsrp test_winrs_fail_poll_process)."""
    return WsmanFault(
        87, "w:InvalidParameter", "The parameter is incorrect. ", detail="InvalidValue", provider=_CMD_PLUGIN
    )


def program_not_started(code: int, text: str) -> WsmanFault:
    """The command shell could not start the program (pypsrp test_winrs_no_cmd_shell; masterzen for 2147942606)."""
    return WsmanFault(code, "w:InternalError", text, sender=False, provider=_CMD_PLUGIN)


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
        "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user has "
        "been exceeded. Close existing shells or raise the quota for this user. ",
        wmi="The WS-Management service cannot process the request. "
        f"This user is allowed a maximum number of {limit} concurrent shells, which has been exceeded. Close existing "
        "shells or raise the quota for this user. ",
    )


def concurrent_operations(limit: int) -> WsmanFault:
    """The user's operations are used up (form from pywinrm's test_exceptions; its texts are replaced there)."""
    return WsmanFault(
        2150859174,
        "w:InternalError",
        "The WS-Management service cannot process the request. The maximum number of concurrent operations for this user "
        "has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
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
        "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. ",
    )


# Unrecorded: built from DSP0226, MS-WSMV and the numbers in PowerShell's WSManNativeAPI.cs.


def invalid_resource(uri: str) -> WsmanFault:
    """The resource URI names nothing here, or no such session configuration (number from PowerShell's source)."""
    return WsmanFault(
        2150858811,
        "a:DestinationUnreachable",
        "The resource URI is missing or it has an incorrect format. Check the documentation or use the following command "
        'for information on how to construct a resource URI: "winrm help uris". ',
        message="The WS-Management service cannot process the request. Cannot find the resource identified by the "
        f"resource URI {uri}. ",
        detail="InvalidResourceURI",
    )


def access_denied() -> WsmanFault:
    """The account may not do this (unrecorded envelope; code 5 from PowerShell's source)."""
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
    """Too many users have shells here (2150859179; envelope as the recorded quota fault)."""
    return quota(
        2150859179,
        "The WS-Management service cannot process the request. The maximum number of users executing shell operations "
        "has been exceeded. Retry after sometime or raise the quota for concurrent shell users. ",
    )


def quota(code: int, text: str) -> WsmanFault:
    """Another throttle of the service (numbers from Windows' headers, envelope as the recorded quota fault)."""
    return WsmanFault(code, "w:QuotaLimit", text, wmi=text)


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
