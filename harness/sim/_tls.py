"""Certificates for the lab: an authority of its own, server certificates good and bad, client certificates."""

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["FLAVOURS", "CertificateAuthority", "ClientCertificate", "ServerCertificate"]

FLAVOURS = ("good", "expired", "wrong_name", "unknown_ca", "self_signed")
"""What a server may present."""

_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_LIFE = timedelta(days=365)
_PRIVATE_FORM = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


@dataclass(frozen=True, slots=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate for certificate authentication, mapped to ``user``; paths of PEM files."""

    user: str
    certificate_path: Path
    key_path: Path


class ServerCertificate:
    """What one listener presents; made when the first client asks for it, since making a thousand takes its time."""

    def __init__(self, authority: "CertificateAuthority", names: Sequence[str], addresses: Sequence[str], flavour: str):
        if flavour not in FLAVOURS:
            raise ValueError(f"{flavour!r} is no flavour of certificate; there are {', '.join(FLAVOURS)}")
        self._authority = authority
        self.names = tuple(names)
        self.addresses = tuple(addresses)
        self.flavour = flavour

    def __repr__(self) -> str:
        return f"<ServerCertificate {self.flavour} for {', '.join((*self.names, *self.addresses))}>"

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate itself."""
        return self._authority.make_server(self.names, self.addresses, self.flavour)

    @cached_property
    def der(self) -> bytes:
        """Its DER form, over which channel bindings are computed."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @cached_property
    def context(self) -> ssl.SSLContext:
        """A server's TLS context; it asks for a client certificate but does not insist."""
        return self._authority.server_context(self.certificate)


class CertificateAuthority:
    """The lab's own authority, valid for this run only.

    Args:
        directory: where PEM files are written; only its owner should be able to read it.
        now: the real time, since clients check validity against theirs.
    """

    def __init__(self, directory: Path, now: datetime | None = None) -> None:
        self._directory = directory
        self._now = now or datetime.now(UTC)
        self._root = self._make_root("AVMA simulated lab")
        self._server_key = ec.generate_private_key(ec.SECP256R1())
        self._count = 0
        self.path = directory / "ca.pem"
        self.path.write_bytes(self._root.certificate.public_bytes(serialization.Encoding.PEM))
        self._key_path = directory / "server-key.pem"
        self._write_key(self._key_path, self._server_key)

    def issue(self, names: Sequence[str], addresses: Sequence[str] = (), flavour: str = "good") -> ServerCertificate:
        """A certificate for a listener with these DNS names and IP addresses; ``flavour`` is one of FLAVOURS."""
        return ServerCertificate(self, names, addresses, flavour)

    def issue_client(self, user: str) -> ClientCertificate:
        """A client certificate whose principal name is ``user@localhost``, as local account mappings use it."""
        key = ec.generate_private_key(ec.SECP256R1())
        principal = x509.OtherName(_UPN, _utf8_string(f"{user}@localhost"))
        builder = (
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)]), key.public_key(), self._root)
            .add_extension(x509.SubjectAlternativeName([principal]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        )
        certificate = builder.sign(self._root.key, hashes.SHA256())
        self._count += 1
        certificate_path = self._directory / f"client-{self._count}.pem"
        key_path = self._directory / f"client-{self._count}-key.pem"
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._write_key(key_path, key)
        return ClientCertificate(user, certificate_path, key_path)

    def make_server(self, names: Sequence[str], addresses: Sequence[str], flavour: str) -> x509.Certificate:
        """Make a server's certificate now; see ``issue``."""
        if flavour == "wrong_name":
            names, addresses = ("elsewhere.example",), ()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (*names, *addresses)[0][:64])])
        issuer = self._root
        if flavour == "unknown_ca":
            issuer = self._make_root("Somebody else")
        elif flavour == "self_signed":
            issuer = self._make_self_signed_issuer(subject)
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        alternatives.extend(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)
        until = self._now - timedelta(days=2) if flavour == "expired" else None
        return (
            self._builder(subject, self._server_key.public_key(), issuer, until)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(issuer.key, hashes.SHA256())
        )

    def server_context(self, certificate: x509.Certificate) -> ssl.SSLContext:
        """A TLS context that presents ``certificate``."""
        self._count += 1
        path = self._directory / f"server-{self._count}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(path, self._key_path)
        context.load_verify_locations(self.path)
        context.verify_mode = ssl.CERT_OPTIONAL
        path.unlink()
        return context

    def _make_root(self, name: str) -> _Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            self._builder(subject, key.public_key(), None)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return _Issuer(certificate, key)

    def _make_self_signed_issuer(self, subject: x509.Name) -> _Issuer:
        certificate = self._builder(subject, self._server_key.public_key(), None).sign(
            self._server_key, hashes.SHA256()
        )
        return _Issuer(certificate, self._server_key)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: _Issuer | None, until: datetime | None = None
    ) -> x509.CertificateBuilder:
        end = until or self._now + _LIFE
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - _LIFE - timedelta(days=1))
            .not_valid_after(end)
        )
        if issuer is not None:
            authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
            builder = builder.add_extension(authority, critical=False)
        return builder

    @staticmethod
    def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
        path.touch(mode=0o600)
        path.write_bytes(key.private_bytes(*_PRIVATE_FORM))


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _utf8_string(text: str) -> bytes:
    data = text.encode()
    return bytes((0x0C, len(data))) + data
