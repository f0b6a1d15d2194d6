"""The seam's first half: why there is no connection. Names, TCP, TLS; whatever it is, nothing was sent."""

import socket
import ssl

from harness.core.errors import ConnectError, ResolveError, TlsError
from harness.remoting._endpoint import Endpoint

__all__ = ["connect_failed", "handshake_late", "not_resolved", "tls_failed"]


def not_resolved(error: OSError, place: Endpoint) -> ResolveError:
    """getaddrinfo failed."""
    lasting = error.errno != socket.EAI_AGAIN
    hint = "Check the name in the inventory." if lasting else "Check the name in the inventory and this machine's DNS."
    return ResolveError(f"The name {place.address} does not resolve.", hint=hint)


_NO_ROUTE = "Check the address in the inventory, and that a route leads there."
_CONNECT: dict[type[OSError], tuple[str, str]] = {
    ConnectionRefusedError: (
        "refused the connection",
        "Check the port in the inventory, and that WinRM runs there (`winrm quickconfig`).",
    ),
    ConnectionResetError: (
        "broke the connection off at once",
        "Check that WinRM is what listens there, and that no firewall in between resets connections.",
    ),
    TimeoutError: (
        "did not take the connection within {seconds:g} s",
        "Check that the machine is up and that no firewall drops the port.",
    ),
}


def connect_failed(error: OSError, place: Endpoint, seconds: float) -> ConnectError:
    """No TCP connection within ``seconds``."""
    what, hint = _CONNECT.get(type(error), (f"cannot be reached: {error.strerror or error}", _NO_ROUTE))
    return ConnectError(f"{place} {what.format(seconds=seconds)}.", hint=hint)


def handshake_late(place: Endpoint, seconds: float) -> ConnectError:
    """A TCP connection, but no TLS on it within ``seconds``."""
    return ConnectError(
        f"{place} took the connection but did not answer the TLS handshake within {seconds:g} s.",
        hint="The machine may be overloaded, or the port is not that of the HTTPS listener (5986).",
    )


_ISSUER = (
    "is signed by an authority that is not trusted",
    "Name the CA's certificate as `ca` in the inventory, or add it to this machine's store.",
)
_SELF_SIGNED = (
    "is self-signed and not trusted",
    "Name the certificate itself as `ca` in the inventory, or give the machine one from your CA.",
)
_NAME = (
    "is for another name",
    "Use a name that the certificate holds as `address` in the inventory, or renew the certificate.",
)
_VERIFY: dict[int, tuple[str, str]] = {
    2: _ISSUER,
    9: ("is not valid yet", "Check the clocks of both machines."),
    10: ("has expired", "Renew the certificate of the WinRM listener."),
    18: _SELF_SIGNED,
    19: _ISSUER,
    20: _ISSUER,
    21: _ISSUER,
    23: ("is revoked", "Renew the certificate of the WinRM listener."),
    26: ("is not for servers", "Give the listener a certificate for server authentication."),
    62: _NAME,
    64: _NAME,
}


def tls_failed(error: OSError, place: Endpoint) -> TlsError:
    """The handshake failed; says what is wrong where it is the certificate (OpenSSL's X509_V_ERR numbers)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fallback = (f"is not trusted: {error.verify_message}", _ISSUER[1])
        what, hint = _VERIFY.get(error.verify_code, fallback)
        return TlsError(f"The certificate of {place} {what}.", hint=hint)
    reason = getattr(error, "reason", None) or ""
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}:
        return TlsError(f"{place} does not speak HTTPS.", hint="Is it the port of the HTTP listener (5985)?")
    said = reason.replace("_", " ").lower() or "the machine closed the connection"
    return TlsError(
        f"The TLS handshake with {place} failed: {said}.",
        hint="Check that the port is that of the HTTPS listener and that its certificate is bound to it.",
    )
