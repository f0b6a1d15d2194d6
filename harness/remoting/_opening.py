"""From an inventory's connection to a session; the one place that decides what may be spoken how."""

import socket
import ssl
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from harness.core.errors import InputError
from harness.core.model import Auth, Connection, CredentialEntry
from harness.remoting._auth import Greeting, Negotiated, Plain
from harness.remoting._deadline import Clock
from harness.remoting._endpoint import Endpoint, Trust, tls_context
from harness.remoting._psrp import PsrpSession
from harness.remoting._transport import Transport
from harness.remoting._winrs import WinrsShell
from harness.remoting._wire import Resolver
from harness.remoting.session import CommandShell, Credential, PowerShellSession

__all__ = ["open_powershell", "open_shell", "resolve"]

_PLAIN = {Auth.BASIC, Auth.CERTIFICATE}
_NEED_PASSWORD = {Auth.BASIC, Auth.NTLM, Auth.CREDSSP}


def resolve(name: str, port: int) -> Sequence[tuple[Any, ...]]:
    """The addresses of a name, by the operating system."""
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)


def open_powershell(
    connection: Connection,
    credential: Credential | None,
    *,
    target: str,
    entry: CredentialEntry | None = None,
    clock: Clock = time.monotonic,
    resolver: Resolver = resolve,
) -> PowerShellSession:
    """A PowerShell session with a machine. Nothing is sent before its first run.

    Args:
        connection: where and how; its ``configuration`` is the session configuration, as of a JEA endpoint.
        credential: None takes the Kerberos ticket of whoever runs the harness, or the client certificate of ``entry``.
        target: the machine's name, for errors.
        entry: the credential's entry where it names a client certificate.
        clock: monotonic seconds.
        resolver: name resolution.

    Raises:
        InputError: what the inventory asks for is not safe, or not complete. Nothing was sent.
    """
    transport = _transport(connection, credential, target=target, entry=entry, clock=clock, resolver=resolver)
    return PsrpSession(transport, target=target, configuration=connection.configuration, clock=clock)


def open_shell(
    connection: Connection,
    credential: Credential | None,
    *,
    target: str,
    entry: CredentialEntry | None = None,
    clock: Clock = time.monotonic,
    resolver: Resolver = resolve,
) -> CommandShell:
    """A command shell on a machine. Arguments and errors as for open_powershell; a configuration is of no use to it."""
    transport = _transport(connection, credential, target=target, entry=entry, clock=clock, resolver=resolver)
    return WinrsShell(transport, target=target, clock=clock)


def _transport(
    connection: Connection,
    credential: Credential | None,
    *,
    target: str,
    entry: CredentialEntry | None,
    clock: Clock,
    resolver: Resolver,
) -> Transport:
    _refuse_unsafe(connection, credential, entry, target)
    place = Endpoint(connection.address, connection.port, connection.scheme)
    return Transport(
        place,
        _tls(connection, entry),
        partial(_greeting, place, connection.auth, credential),
        connect_seconds=connection.connect_seconds,
        clock=clock,
        resolve=resolver,
    )


def _greeting(place: Endpoint, auth: Auth, credential: Credential | None) -> Greeting:
    if auth in _PLAIN:
        return Plain(auth, credential)
    return Negotiated(place, auth, credential, sealed=not place.tls)


def _tls(connection: Connection, entry: CredentialEntry | None) -> ssl.SSLContext | None:
    if connection.scheme != "https":
        return None
    own = entry if connection.auth is Auth.CERTIFICATE else None
    return tls_context(
        Trust(
            ca=connection.ca,
            verify=connection.verify,
            certificate=own.certificate if own else None,
            private_key=own.private_key if own else None,
        )
    )


def _refuse_unsafe(
    connection: Connection, credential: Credential | None, entry: CredentialEntry | None, target: str
) -> None:
    """Trust is on: what lowers it needs a waiver, and what cannot be made safe is refused before anything is sent."""
    auth = connection.auth
    problem = next(
        (
            (message, hint)
            for wrong, message, hint in (
                (
                    connection.scheme not in {"http", "https"},
                    f"The scheme {connection.scheme} is not one of http and https.",
                    "Correct `scheme` in the inventory.",
                ),
                (
                    connection.scheme == "http" and auth in _PLAIN,
                    f"{auth.value} authentication over HTTP would send everything in the clear.",
                    "Use HTTPS (port 5986), or negotiate, kerberos or ntlm, which seal the messages.",
                ),
                (
                    not connection.verify and connection.waiver is None,
                    "Not validating the certificate needs a waiver.",
                    "Name the machine's CA as `ca`, or write a waiver with a reason and an expiry into the inventory.",
                ),
                (
                    auth is Auth.CREDSSP and connection.waiver is None,
                    "CredSSP hands the password to the machine and needs a waiver.",
                    "Use negotiate, or write a waiver with a reason and an expiry into the inventory.",
                ),
                (
                    auth in _NEED_PASSWORD and credential is None,
                    f"{auth.value} authentication needs a user and a password.",
                    "Name a credential in the inventory.",
                ),
                (
                    auth is Auth.CERTIFICATE and not (entry and entry.certificate and entry.private_key),
                    "Certificate authentication needs a certificate and its private key.",
                    "Give both paths in the credential's entry.",
                ),
            )
            if wrong
        ),
        None,
    )
    if problem is not None:
        raise InputError(
            problem[0], code="connection_refused_as_unsafe", target=target, step="connect", hint=problem[1]
        )
