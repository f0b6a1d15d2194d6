"""One error root for the whole harness, and the transport errors by phase.

An error reads as a sentence to the administrator: what happened, where, what to do next. A transport error also says
whether the request was sent, since that decides what may be done again (docs/architecture.md, "Three outcomes").
"""

from enum import StrEnum

__all__ = [
    "AccessDeniedError",
    "AuthenticationError",
    "ConnectError",
    "ConnectionLostError",
    "DeadlineError",
    "HarnessError",
    "InputError",
    "LeaseLostError",
    "LockHeldError",
    "ProtocolError",
    "QuotaError",
    "RemoteError",
    "ResolveError",
    "Sent",
    "SessionGoneError",
    "TlsError",
    "TransportError",
]


class Sent(StrEnum):
    """Whether a request left for the machine: NO (refused before), YES (an answer proves it), MAYBE (nobody knows)."""

    NO = "no"
    YES = "yes"
    MAYBE = "maybe"


class HarnessError(Exception):
    """Root of everything the harness raises on purpose.

    Args:
        message: what happened, as a sentence.
        code: stable lower_snake_case identifier, shown in JSON documents.
        target: the host, guest, file or key it happened to.
        step: the step or command under way.
        hint: what to do next, as a sentence.
    """

    code = "harness_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        target: str | None = None,
        step: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.target = target
        self.step = step
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.target}: " if self.target else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"


class InputError(HarnessError):
    """The operator's input is wrong: a file, an option, a name. Exit code 5."""

    code = "invalid_input"


class LockHeldError(HarnessError):
    """Another run holds the lease. Exit code 6."""

    code = "lock_held"


class LeaseLostError(LockHeldError):
    """A lease of ours is gone, and nothing more is sent that changes state. ``sent`` speaks of earlier tries."""

    code = "lease_lost"
    sent: Sent = Sent.NO


class TransportError(HarnessError):
    """Something between us and the machine. ``sent`` tells whether the request left; ``transient`` invites a retry."""

    code = "transport_error"
    sent: Sent = Sent.MAYBE
    transient = False

    def __init__(
        self,
        message: str,
        *,
        sent: Sent | None = None,
        target: str | None = None,
        step: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, target=target, step=step, hint=hint)
        if sent is not None:
            self.sent = sent


class ResolveError(TransportError):
    """The host name does not resolve. Nothing was sent."""

    code = "name_not_resolved"
    sent = Sent.NO


class ConnectError(TransportError):
    """No TCP connection: refused, unreachable or timed out while connecting. Nothing was sent."""

    code = "connect_failed"
    sent = Sent.NO
    transient = True


class TlsError(TransportError):
    """The certificate is not trusted, has another name, or the handshake failed. Nothing was sent."""

    code = "certificate_not_trusted"
    sent = Sent.NO


class AuthenticationError(TransportError):
    """The machine refused the credential (HTTP 401). Nothing was executed."""

    code = "authentication_failed"
    sent = Sent.NO


class AccessDeniedError(TransportError):
    """Authenticated, but not allowed (WSMan fault 5, session configuration refused). Nothing was executed."""

    code = "access_denied"
    sent = Sent.NO


class QuotaError(TransportError):
    """A WinRM quota refused the request before execution; retrying is safe even for writes."""

    code = "winrm_quota"
    sent = Sent.NO
    transient = True


class SessionGoneError(TransportError):
    """The shell no longer exists on the machine (idle timeout, WinRM restart, reboot): WSMan fault 0x8033805B."""

    code = "session_gone"
    transient = True


class ConnectionLostError(TransportError):
    """The connection broke while a request was under way."""

    code = "connection_lost"
    transient = True


class DeadlineError(TransportError):
    """The operation's own deadline passed; what was sent may still be running on the machine."""

    code = "deadline_exceeded"
    transient = True


class ProtocolError(TransportError):
    """The answer is not what WS-Man or PSRP allows."""

    code = "protocol_error"


class RemoteError(HarnessError):
    """A command on the machine ended in a terminating error.

    ``fq_id`` is the FullyQualifiedErrorId, ``exception_type`` the .NET type name and ``hresult`` the unsigned 32-bit
    code where one could be read: these three are matched, never the localised message.
    """

    code = "remote_command_failed"

    def __init__(
        self,
        message: str,
        *,
        fq_id: str = "",
        exception_type: str = "",
        hresult: int | None = None,
        target: str | None = None,
        step: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, target=target, step=step, hint=hint)
        self.fq_id = fq_id
        self.exception_type = exception_type
        self.hresult = hresult
