"""Identify (DSP0226 section 11): who speaks here, answered without authentication.

Shape as Microsoft Learn shows it ("Detecting whether a remote computer supports WS-Management protocol", 2018): the
version of the operating system is told to an authenticated client only.
"""

from harness.sim.wsman import _names as names

__all__ = ["identify_response", "is_identify"]

_ELEMENT = b"wsmanidentity.xsd"


def is_identify(body: bytes) -> bool:
    """Whether a body is an Identify request."""
    return _ELEMENT in body and b"Identify" in body


def identify_response(os_version: str, *, reveal: bool, stack: str = "3.0") -> bytes:
    """The answer; ``stack`` is the version of WinRM itself."""
    shown = os_version if reveal else "0.0.0"
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{names.IDENTITY}">'
        f"<wsmid:ProtocolVersion>{names.WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>OS: {shown} SP: 0.0 Stack: {stack}</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()
