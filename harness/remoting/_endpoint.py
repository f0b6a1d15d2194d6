"""Where a WinRM listener is, and what makes its certificate believable."""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address
from pathlib import Path

from harness.core.errors import InputError

__all__ = ["Endpoint", "Trust", "tls_context"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address, port and scheme of one listener; the path of WinRM is always /wsman."""

    address: str
    port: int
    scheme: str

    @property
    def tls(self) -> bool:
        """Whether the listener speaks HTTPS."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """The address as a URL and a Host header spell it."""
        try:
            return f"[{IPv6Address(self.address).compressed}]"
        except ValueError:
            return self.address

    @property
    def url(self) -> str:
        """The URL that WS-Management names as the request's destination."""
        return f"{self.scheme}://{self.host}:{self.port}/wsman"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Trust:
    """Which authority is believed (``ca``: PEM path, None for the system's) and what the client shows of itself."""

    ca: str | None = None
    verify: bool = True
    certificate: str | None = None
    private_key: str | None = None


def tls_context(trust: Trust) -> ssl.SSLContext:
    """The TLS context for that trust, made once for all lanes: loading a CA bundle costs some 50 ms of CPU each time.

    Raises:
        InputError: a file of the inventory cannot be read or is no PEM.
    """
    return _context(trust, tuple(_age(path) for path in (trust.ca, trust.certificate, trust.private_key)))


def _age(path: str | None) -> int:
    """Nanoseconds of the last change, so that a renewed certificate is read again."""
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError as error:
        raise InputError(
            f"The certificate file {path} cannot be read: {error.strerror}.",
            code="certificate_unreadable",
            hint="Correct the path in the inventory.",
        ) from error


@lru_cache(maxsize=64)
def _context(trust: Trust, ages: tuple[int, ...]) -> ssl.SSLContext:  # noqa: ARG001 - the ages are part of the key
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # An administrator may pin the listener's own certificate as its authority: WinRM's are often self-signed.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if trust.verify and trust.ca:
            context.load_verify_locations(cafile=trust.ca)
        elif trust.verify:
            context.load_default_certs()
        if trust.certificate:
            # The password callback keeps OpenSSL from asking on the terminal.
            context.load_cert_chain(trust.certificate, trust.private_key, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        named = trust.ca if not trust.certificate else f"{trust.certificate} or its key {trust.private_key}"
        raise InputError(
            f"The certificate file {named} is not usable: {getattr(error, 'reason', None) or error}.",
            code="certificate_unusable",
            hint="It has to be PEM; a private key has to be unencrypted.",
        ) from error
    return context
