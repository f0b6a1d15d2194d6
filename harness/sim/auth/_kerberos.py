"""The server's side of Kerberos (RFC 4121, MS-KILE) over the system's MIT library, with a keytab of the machine's.

The bindings are an extra (`make kerberos-deps`): they are imported when a machine with a keytab is first spoken to.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.sim.auth._ntlm_messages import TokenError
from harness.sim.machine import Account

__all__ = ["KerberosAcceptor", "KerberosIdentity", "KerberosSession"]

_CHANNEL_BOUND = 0x800
"""GSS_C_CHANNEL_BOUND_FLAG: the initiator showed this connection's bindings."""


@dataclass(frozen=True, slots=True)
class KerberosIdentity:
    """What the machine accepts tickets with.

    Attributes:
        keytab: the keys of its service principals, as HTTP/host.example and WSMAN/host.example.
        bindings: tls-server-end-point data a client may show over TLS, None without TLS.
        insist: whether a client without channel bindings is refused over TLS.
    """

    keytab: Path
    bindings: bytes | None = None
    insist: bool = False


class KerberosAcceptor:
    """One exchange: the client's ticket with its authenticator, the server's proof.

    Args:
        identity: see KerberosIdentity.
        find: the account of a user and a domain, None when it may not log on.
    """

    def __init__(self, identity: KerberosIdentity, find: Callable[[str, str | None], Account | None]) -> None:
        self._identity = identity
        self._find = find
        self._context: Any = None
        self.account: Account | None = None
        self.session: KerberosSession | None = None

    def step(self, token: bytes) -> bytes:
        """Take the client's token and give the answer.

        Raises:
            TokenError: the ticket is not for this machine, expired, replayed or from a clock too far off; or its user
                is nobody here.
        """
        gssapi = importlib.import_module("gssapi")
        try:
            if self._context is None:
                self._context = self._begin(gssapi)
            answer: bytes | None = self._context.step(token)
            complete = self._context.complete  # raises what the step put off
        except gssapi.exceptions.GSSError as error:
            raise TokenError(f"Kerberos: {error}") from error
        if complete:
            self._accept()
        return answer or b""

    def _begin(self, gssapi: Any) -> Any:
        store = {"keytab": f"FILE:{self._identity.keytab}", "rcache": f"file2:{self._identity.keytab}.replays"}
        credentials = gssapi.Credentials(usage="accept", store=store)
        bindings = self._identity.bindings
        shown = None if bindings is None else gssapi.raw.ChannelBindings(application_data=bindings)
        return gssapi.SecurityContext(creds=credentials, usage="accept", channel_bindings=shown)

    def _accept(self) -> None:
        bound = int(self._context.actual_flags) & _CHANNEL_BOUND
        if self._identity.insist and self._identity.bindings is not None and not bound:
            raise TokenError("the client shows no channel bindings")
        user, _, realm = str(self._context.initiator_name).rpartition("@")
        account = self._find(user, realm) or self._find(user, realm.partition(".")[0])
        if account is None:
            raise TokenError(f"no such account: {user}@{realm}")
        self.account = account
        self.session = KerberosSession(self._context)


class KerberosSession:
    """Signs and seals under an established context, as WinRM lays it out: header before the data (MS-WSMV 2.2.9.1.1).

    Raises:
        TokenError: from ``open`` and ``verify``, when a signature is wrong.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._raw = importlib.import_module("gssapi.raw")

    def open(self, signature: bytes, cipher_text: bytes) -> bytes:
        """The plain message."""
        kind = self._raw.IOVBufferType
        buffers = self._raw.IOV(
            (kind.header, False, signature), (kind.data, False, cipher_text), kind.data, std_layout=False
        )
        try:
            opened = self._raw.unwrap_iov(self._context, buffers)
        except self._raw.GSSError as error:
            raise TokenError(f"Kerberos: {error}") from error
        if not opened.encrypted:
            raise TokenError("the message is signed but not sealed")
        return bytes(buffers[1].value or b"")

    def close(self, plain: bytes) -> tuple[bytes, bytes]:
        """Signature and cipher text."""
        kind = self._raw.IOVBufferType
        buffers = self._raw.IOV(kind.header, plain, kind.padding, std_layout=False)
        self._raw.wrap_iov(self._context, buffers, confidential=True)
        header, data, padding = (bytes(one.value or b"") for one in buffers)
        return header, data + padding

    def wrap(self, plain: bytes) -> bytes:
        """A token with the sealed text in it."""
        return bytes(self._raw.wrap(self._context, plain, confidential=True).message)

    def unwrap(self, token: bytes) -> bytes:
        """The plain text of such a token."""
        try:
            opened = self._raw.unwrap(self._context, token)
        except self._raw.GSSError as error:
            raise TokenError(f"Kerberos: {error}") from error
        return bytes(opened.message)

    def sign(self, data: bytes) -> bytes:
        """A signature with the next number."""
        return bytes(self._raw.get_mic(self._context, data))

    def verify(self, data: bytes, signature: bytes) -> None:
        """Check a signature."""
        try:
            self._raw.verify_mic(self._context, data, signature)
        except self._raw.GSSError as error:
            raise TokenError(f"Kerberos: {error}") from error

    def restart_ciphers(self) -> None:
        """Kerberos has no cipher state to start again."""
