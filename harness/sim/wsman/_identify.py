"""Identify (DSP0226 section 11): who speaks here, answered without authentication.

The vendor, product and version lines are general knowledge of ``winrm identify``; no recording was found.
"""

from harness.sim.wsman import _names as names

__all__ = ["identify_response", "is_identify"]

_ELEMENT = b"wsmanidentity.xsd"


def is_identify(body: bytes) -> bool:
    """Whether a body is an Identify request."""
    return _ELEMENT in body and b"Identify" in body


def identify_response(os_version: str, *, reveal: bool) -> bytes:
    """The answer; the product's version shows the operating system only to an authenticated client."""
    shown = os_version if reveal else "0.0.0"
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{names.IDENTITY}">'
        f"<wsmid:ProtocolVersion>{names.WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>OS: {shown} SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "<wsmid:SecurityProfiles>"
        "<wsmid:SecurityProfileName>http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/http/spnego-kerberos"
        "</wsmid:SecurityProfileName></wsmid:SecurityProfiles>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()
