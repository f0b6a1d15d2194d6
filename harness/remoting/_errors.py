"""The one seam between foreign exceptions and ours: each becomes a sentence, a phase and a word on what was sent.

What comes in: socket and ssl errors, http.client's, pyspnego's and, from pypsrp and pywinrm, whatever they let through
when an answer is not what the protocol allows. No text of a request or an answer goes into an error here, and no
secret. WS-Management faults are in harness.remoting._faults, and why there is no connection at all in ._arrival.
"""

import binascii
import http.client
import logging
import ssl
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum, auto
from importlib import import_module

import spnego.exceptions
from pypsrp.exceptions import WinRMError

from harness.core.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    DeadlineError,
    ProtocolError,
    Sent,
    TlsError,
    TransportError,
)
from harness.remoting._endpoint import Endpoint

__all__ = [
    "GARBLED",
    "HANDSHAKE",
    "Phase",
    "broken_off",
    "garbled",
    "handshake_failed",
    "http_refused",
    "late",
    "quieten",
    "unauthorised",
]

GARBLED = (
    WinRMError,
    ET.ParseError,
    struct.error,
    binascii.Error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    StopIteration,
)
"""What pypsrp and pywinrm raise when an answer does not parse: they check little and trip over the rest."""


def _native_errors() -> Iterator[type[Exception]]:
    """The exceptions of the Kerberos bindings, where these are installed: pyspnego lets some of them through."""
    for module, name in (("krb5", "Krb5Error"), ("gssapi.raw", "GSSError")):
        with suppress(ImportError):
            yield getattr(import_module(module), name)


HANDSHAKE: tuple[type[Exception], ...] = (
    spnego.exceptions.SpnegoError,
    ImportError,
    ValueError,
    struct.error,
    OSError,
    *_native_errors(),
)
"""What pyspnego raises when a token is refused, no ticket is found or a mechanism is not installed."""

_LOGGERS = ("pypsrp", "winrm", "urllib3", "requests", "requests_ntlm", "spnego")


def quieten() -> None:
    """Silence the libraries' loggers: at DEBUG they print whole envelopes, product keys included.

    ``disabled`` is stronger than a level: neither a handler nor a level that someone sets on a parent revives them.
    """
    for name in list(logging.Logger.manager.loggerDict):
        if name.partition(".")[0] in _LOGGERS:
            logging.getLogger(name).disabled = True


class Phase(Enum):
    """How far a request came: what decides whether it can have been carried out."""

    IDLE = auto()
    WRITING = auto()
    """Some of it may have left, not all: a request without its end is never carried out."""
    WRITTEN = auto()
    ANSWERED = auto()

    @property
    def sent(self) -> Sent:
        """The word for the request's fate when the connection breaks now."""
        return {Phase.WRITTEN: Sent.MAYBE, Phase.ANSWERED: Sent.YES}.get(self, Sent.NO)


def broken_off(error: Exception, place: Endpoint, phase: Phase) -> TransportError:
    """The connection ended while a request was under way."""
    if isinstance(error, http.client.IncompleteRead):
        error.partial = b""  # it keeps what it has read of the answer
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return TlsError(
            f"{place} refused the TLS connection: {(error.reason or '').replace('_', ' ').lower()}.",
            hint="Where the listener asks for a client certificate, name one with `auth: certificate`.",
        )
    if isinstance(error, http.client.HTTPException) and not isinstance(
        error, ConnectionError | http.client.IncompleteRead
    ):
        return ProtocolError(
            f"{place} does not answer in HTTP.", sent=phase.sent, hint="Is it the port of the HTTPS listener (5986)?"
        )
    when = {
        Phase.WRITING: "before the request was sent in full",
        Phase.WRITTEN: "after the request was sent and before an answer came",
        Phase.ANSWERED: "in the middle of the answer",
    }.get(phase, "before the request was sent")
    return ConnectionLostError(f"{place} broke the connection {when}.", sent=phase.sent)


def late(place: Endpoint, phase: Phase, *, deadline_passed: bool, seconds: float) -> TransportError:
    """Nothing came for ``seconds``: the operation's own time is over, or the machine has fallen silent."""
    if deadline_passed:
        return DeadlineError(f"{place} did not answer before the deadline.", sent=phase.sent)
    return ConnectionLostError(f"{place} has been silent for {seconds:.0f} s.", sent=phase.sent)


_AUTH_HINT = {
    "basic": "Basic takes local accounts only and has to be enabled on the listener. Check user name and password.",
    "certificate": "Check that the client certificate is mapped to a local account there (winrm certmapping).",
    "kerberos": "Check the ticket (klist), the clocks, and that the address is the name in the service principal.",
}


def unauthorised(auth: str, user: str | None, offered: list[str]) -> AuthenticationError:
    """HTTP 401: the credential was refused, or the listener does not offer the way we came."""
    listed = ", ".join(offered)
    if offered and auth not in {"certificate"} and not _offers(auth, offered):
        return AuthenticationError(
            f"The machine does not offer {auth} authentication, only {listed}.",
            hint="Set `auth` in the inventory to one of these, or enable it there under winrm/config/service/auth.",
        )
    who = f"the user {user}" if user else "the client"
    return AuthenticationError(
        f"The machine refused {who} ({auth}).",
        hint=_AUTH_HINT.get(auth, "Check user name, domain and password, and that the account is not locked."),
    )


def _offers(auth: str, offered: list[str]) -> bool:
    wanted = {"basic": {"basic"}, "credssp": {"credssp"}}.get(auth, {"negotiate", "kerberos", "ntlm"})
    return any(scheme.lower() in wanted for scheme in offered)


def handshake_failed(error: Exception, auth: str, user: str | None) -> AuthenticationError:
    """pyspnego could not build or read a token."""
    if isinstance(error, ImportError):
        return AuthenticationError(
            f"{auth} authentication needs libraries that are not installed.",
            hint="Install them with `pip install avma-harness[kerberos]`.",
        )
    who = f" for {user}" if user else ""
    said = next(iter(str(error).splitlines()), "") or type(error).__name__
    return AuthenticationError(
        f"The {auth} handshake{who} failed: {said.rstrip('.')}.",
        hint=_AUTH_HINT.get(auth, "Check user name, domain and password, and the clocks of both machines."),
    )


def http_refused(status: int, place: Endpoint, *, sealed: bool) -> TransportError:
    """An HTTP status that carries no WS-Management fault."""
    if status == 400 and sealed:
        # A listener that cannot decrypt carries nothing out. But each connection of ours has its own context, so that
        # this cannot be what pypsrp's users know it for; where it comes from then, nobody has recorded.
        return ConnectionLostError(f"{place} could not decrypt the request (HTTP 400).", sent=Sent.MAYBE)
    if status == 403:
        return AccessDeniedError(
            f"{place} knows the account but does not let it in (HTTP 403).",
            hint="Check the client certificate's mapping and the rights of the account.",
        )
    if status == 404:
        return ProtocolError(
            f"{place} has nothing at /wsman (HTTP 404).", sent=Sent.NO, hint="Is WinRM what listens on that port?"
        )
    if status == 503:
        return ConnectError(
            f"WinRM on {place} is not available (HTTP 503).",
            sent=Sent.MAYBE,  # http.sys says so before execution, a proxy in between may say so after it
            hint="The service may be starting or stopped: see Get-Service WinRM.",
        )
    return ProtocolError(f"{place} answered with HTTP {status} and no WS-Management fault.", sent=Sent.MAYBE)


def garbled(error: Exception, place: Endpoint) -> ProtocolError:
    """The answer is not what WS-Management or PSRP allows. The foreign error may quote it, so its text is left out."""
    return ProtocolError(
        f"{place} gave an answer that does not parse ({type(error).__name__}).",
        sent=Sent.YES,
        hint="A proxy in between, or a server that is not WinRM?",
    )
