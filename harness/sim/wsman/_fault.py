"""A fault and its SOAP body; which faults there are is in ``_faults``."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from harness.sim.wsman._names import ADDRESSING, ENUMERATION, FAULT

__all__ = ["CMD_PLUGIN", "SHELL_PROVIDER", "Provider", "WsmanFault"]

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


CMD_PLUGIN = Provider("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")
SHELL_PROVIDER = Provider("Shell provider", r"%systemroot%\system32\WsmSvc.dll", nested=True)


class WsmanFault(Exception):  # noqa: N818 - fault is the word of the trade
    """A request that is refused; the service turns it into a fault envelope.

    Args:
        code: the WSManFault code, None for a fault without detail.
        subcode: with its prefix, as ``w:InvalidSelectors``; empty for MustUnderstand.
        text: the reason.
        message: the detail's message, when it differs from the reason.
        sender: whether the client is at fault (``s:Sender``) or the server (``s:Receiver``).
        detail: the last part of the FaultDetail URI.
        wmi: the message of a quota fault: Windows 2012 and later write it into a ``p:MSFT_WmiError`` (WinRb
            wmi_error_v2.xml, pywinrm test_exceptions), older ones into the WSManFault (github.com/hashicorp/vagrant/
            issues/7489).
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

    def in_old_form(self) -> "WsmanFault":
        """The same fault as Windows 2008 R2 tells it: no MSFT_WmiError."""
        if self.wmi is None:
            return self
        return WsmanFault(self.code, self.subcode, self.text, message=self.wmi, sender=self.sender)

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
    start = f'<f:WSManFault xmlns:f="{FAULT}" Code="{code}" Machine="{name}">'
    return f"{start}<f:Message>{message}</f:Message></f:WSManFault>"


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
