"""How a connection proves who asks, and how its messages are sealed.

A greeting belongs to one TCP connection, since NTLM and Kerberos authenticate the connection (MS-NTHT, RFC 4559): with
a new connection comes a new greeting, so that nothing is ever sealed with a context the listener has forgotten.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Protocol

import spnego
import spnego.channel_bindings
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from pypsrp.encryption import WinRMEncryption

from harness.core.errors import AuthenticationError, ConnectionLostError, ProtocolError, Sent, TransportError
from harness.core.model import Auth
from harness.remoting._endpoint import Endpoint
from harness.remoting._errors import GARBLED, HANDSHAKE, handshake_failed, unauthorised
from harness.remoting._wire import Reply
from harness.remoting.session import Credential

__all__ = ["Exchange", "Greeting", "Headers", "Negotiated", "Plain"]

Headers = Sequence[tuple[str, str]]
Exchange = Callable[[Headers, bytes], Reply]

SOAP: Headers = (("Content-Type", "application/soap+xml;charset=UTF-8"),)
_MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_TOKEN = re.compile(r"(Negotiate|Kerberos|NTLM|CredSSP)\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)


class Greeting(Protocol):
    """What one connection needs to be believed."""

    def first(self, exchange: Exchange, message: bytes, certificate: bytes | None) -> Reply | None:
        """Prove who asks. Returns the last answer if ``message`` rode along or was refused, None if it is still due."""

    def wrap(self, message: bytes) -> tuple[Headers, bytes]:
        """Headers and body for a message on this connection."""

    def unwrap(self, reply: Reply) -> bytes:
        """The envelope inside an answer."""

    def refused(self, reply: Reply) -> AuthenticationError:
        """What HTTP 401 means after all that."""

    @property
    def renews(self) -> bool:
        """Whether greeting again says anything new."""


@dataclass(frozen=True)
class Plain:
    """Basic, or a client certificate: one header with each request, for HTTPS only."""

    auth: Auth
    credential: Credential | None

    def first(self, exchange: Exchange, message: bytes, certificate: bytes | None) -> None:
        """Nothing to do: the header proves it each time."""

    def wrap(self, message: bytes) -> tuple[Headers, bytes]:
        return (*SOAP, ("Authorization", self._header())), message

    def unwrap(self, reply: Reply) -> bytes:
        return reply.body

    def refused(self, reply: Reply) -> AuthenticationError:
        return unauthorised(self.auth.value, self.credential.username if self.credential else None, _offered(reply))

    @property
    def renews(self) -> bool:
        return False

    def _header(self) -> str:
        if self.auth is Auth.CERTIFICATE or self.credential is None:
            return _MUTUAL
        pair = f"{self.credential.username}:{self.credential.password.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Negotiated:
    """SPNEGO, Kerberos, NTLM or CredSSP by pyspnego, with the token in the first request: no round trip to be asked.

    Over HTTP every message is sealed (MS-WSMV 2.2.9.1); over HTTPS the message rides along with the tokens.
    """

    def __init__(self, place: Endpoint, auth: Auth, credential: Credential | None, *, sealed: bool) -> None:
        self._place = place
        self._auth = auth
        self._credential = credential
        self._sealed = sealed
        self._scheme = "CredSSP" if auth is Auth.CREDSSP else "Negotiate"
        self._seal: WinRMEncryption | None = None

    def first(self, exchange: Exchange, message: bytes, certificate: bytes | None) -> Reply | None:
        reply, context = self._shake(exchange, message, certificate)
        if reply.status == 401 and self._falls_back(reply):
            self._scheme = "Kerberos"
            reply, context = self._shake(exchange, message, certificate)
        if reply.status == 401:
            raise self.refused(reply)
        if not self._sealed or reply.status != 200:
            return reply
        if not context.complete:
            raise ProtocolError(f"{self._place} ended the {self._auth.value} handshake too early.", sent=Sent.NO)
        self._seal = WinRMEncryption(context, self._sealing)
        return None

    def wrap(self, message: bytes) -> tuple[Headers, bytes]:
        if self._seal is None:
            return SOAP, message
        kind, body = self._seal.wrap_message(message)
        return (("Content-Type", f'{kind};protocol="{self._sealing}";boundary="Encrypted Boundary"'),), body

    def unwrap(self, reply: Reply) -> bytes:
        """The envelope, opened. On a sealed connection an open answer is believed only where it refuses something."""
        if self._seal is None or not reply.kind.startswith("multipart/"):
            if self._seal is not None and reply.status == 200:
                raise ProtocolError(f"{self._place} answered a sealed request in the clear.", sent=Sent.YES)
            return reply.body
        boundary = re.search(r'boundary="([^"]+)"', reply.kind)
        try:
            return bytes(self._seal.unwrap_message(reply.body, boundary[1] if boundary else "Encrypted Boundary"))
        except (*GARBLED, spnego.exceptions.SpnegoError) as error:
            raise ProtocolError(f"The answer of {self._place} cannot be decrypted.", sent=Sent.YES) from error

    def refused(self, reply: Reply) -> AuthenticationError:
        error = unauthorised(self._auth.value, self._user, _offered(reply))
        if self._auth is Auth.KERBEROS and _numeric(self._place.address):
            error.hint = "Kerberos needs a name: put the machine's name, not its IP address, into the inventory."
        return error

    @property
    def renews(self) -> bool:
        return True

    @property
    def _user(self) -> str | None:
        return self._credential.username if self._credential else None

    @property
    def _sealing(self) -> str:
        kinds = {"Kerberos": WinRMEncryption.KERBEROS, "CredSSP": WinRMEncryption.CREDSSP}
        return str(kinds.get(self._scheme, WinRMEncryption.SPNEGO))

    def _falls_back(self, reply: Reply) -> bool:
        """Whether the listener has switched Negotiate off and Kerberos alone is left."""
        offered = {scheme.lower() for scheme in _offered(reply)}
        wanted = self._auth in {Auth.KERBEROS, Auth.NEGOTIATE} and self._scheme == "Negotiate"
        return wanted and "kerberos" in offered and "negotiate" not in offered

    def _shake(self, exchange: Exchange, message: bytes, certificate: bytes | None) -> tuple[Reply, Any]:
        context = self._context(certificate)
        token = self._step(context, None)
        while True:
            # NTLM's first token cannot be the last, so nothing needs to ride with it.
            riding = b"" if self._sealed or (self._auth is Auth.NTLM and not context.complete) else message
            reply = self._leg(exchange, token, riding)
            answer = _token(reply)
            if answer is None:
                return reply, context
            try:
                token = self._step(context, answer)
            except AuthenticationError as error:
                if riding and reply.status != 401:
                    error.sent = Sent.YES  # the listener took the message; it is the proof of its name that is wrong
                raise
            if token is None or reply.status != 401:
                return reply, context
            if reply.last:
                raise ConnectionLostError(
                    f"{self._place} closed the connection in the middle of the handshake.",
                    sent=Sent.NO,
                    hint="A proxy in between? The handshake needs one connection from end to end.",
                )

    def _leg(self, exchange: Exchange, token: bytes | None, riding: bytes) -> Reply:
        headers = (*SOAP, ("Authorization", f"{self._scheme} {base64.b64encode(token or b'').decode()}"))
        try:
            return exchange(headers, riding)
        except TransportError as error:
            if not riding:
                error.sent = Sent.NO
            raise

    def _context(self, certificate: bytes | None) -> Any:
        protocol = "kerberos" if self._scheme == "Kerberos" else self._auth.value
        bindings = None
        if certificate is not None:
            data = b"tls-server-end-point:" + _certificate_hash(certificate)
            bindings = spnego.channel_bindings.GssChannelBindings(application_data=data)
        try:
            return spnego.client(
                self._user,
                self._credential.password.get_secret_value() if self._credential else None,
                hostname=self._place.address,
                service="host",
                channel_bindings=bindings,
                protocol=protocol,
                options=spnego.NegotiateOptions.wrapping_winrm if self._sealed else spnego.NegotiateOptions.none,
            )
        except HANDSHAKE as error:
            raise handshake_failed(error, self._auth.value, self._user) from error

    def _step(self, context: Any, token: bytes | None) -> bytes | None:
        try:
            made: bytes | None = context.step(token)
        except HANDSHAKE as error:
            raise handshake_failed(error, self._auth.value, self._user) from error
        return made


def _token(reply: Reply) -> bytes | None:
    found = next((m for line in reply.challenges if (m := _TOKEN.search(line))), None)
    try:
        return base64.b64decode(found[2], validate=True) if found else None
    except ValueError:
        return None


def _offered(reply: Reply) -> list[str]:
    """The schemes of a 401, whether it lists them on several lines or on one."""
    line = ", ".join(reply.challenges)
    return [name for name in ("Negotiate", "Kerberos", "NTLM", "Basic", "CredSSP") if name.lower() in line.lower()]


def _numeric(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def _certificate_hash(der: bytes) -> bytes:
    """The tls-server-end-point hash (RFC 5929 4.1): the certificate's own algorithm, or SHA-256 for MD5 and SHA-1."""
    algorithm: hashes.HashAlgorithm | None
    try:
        algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if algorithm is None or algorithm.name in {"md5", "sha1"}:
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(der)
    return digest.finalize()
