"""Client certificates: the TLS layer proves possession, the principal name in the certificate names the account."""

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from harness.sim.auth._accounts import AccountBook, split_name
from harness.sim.auth._verdict import Admitted, Turned
from harness.sim.http import HttpRequest

__all__ = ["ClientCertificates", "principal_of"]

_HEADER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class ClientCertificates:
    """Certificate authentication on a connection that showed ``certificate`` (DER), or none."""

    offer = ""

    def __init__(self, book: AccountBook, certificate: bytes | None) -> None:
        self._book = book
        self._certificate = certificate

    def judge(self, request: HttpRequest) -> Admitted | Turned | None:
        """See Scheme."""
        if request.authorization[0] != _HEADER:
            return None
        principal = None if self._certificate is None else principal_of(self._certificate)
        account = None if principal is None else self._book.find(split_name(principal)[0], None)
        return Turned() if account is None else Admitted(account)


def principal_of(certificate: bytes) -> str | None:
    """The user principal name in a certificate's alternative names."""
    parsed = x509.load_der_x509_certificate(certificate)
    try:
        names = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return None
    assert isinstance(names, x509.SubjectAlternativeName)
    for other in names.get_values_for_type(x509.OtherName):
        if other.type_id == _UPN and other.value[:1] == b"\x0c":
            return other.value[2:].decode("utf-8", "replace")
    return None
