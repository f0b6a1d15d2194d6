"""How one service is set up: access and limits, as ``winrm get winrm/config`` names them."""

from dataclasses import dataclass

from harness.sim.wsman._request import Request

__all__ = ["Access", "Limits"]


@dataclass(frozen=True, slots=True)
class Access:
    """Who gets in and how; the names are those of the service's Auth settings.

    Attributes:
        auth: schemes that are offered, in the order of their WWW-Authenticate lines.
        allow_unencrypted: whether plain bodies are taken over plain HTTP.
        channel_binding: CbtHardeningLevel: ``none``, ``relaxed`` or ``strict``.
    """

    auth: tuple[str, ...] = ("Negotiate", "Basic")
    allow_unencrypted: bool = False
    channel_binding: str = "relaxed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a service; defaults are those of Windows Server 2012 and later (Microsoft Learn, WinRM quotas).

    Attributes:
        max_envelope_kb: MaxEnvelopeSizekb.
        max_timeout: the longest OperationTimeout in seconds, MaxTimeoutms.
        max_shells_per_user: MaxShellsPerUser; above it fault 2150859173.
        max_users: MaxConcurrentUsers of the shell layer; above it fault 2150859179.
        max_operations_per_user: MaxConcurrentOperationsPerUser; above it fault 2150859174.
        max_connections: MaxConnections; above it a new connection gets HTTP 503.
        max_commands_per_shell: commands that were never signalled to terminate count too; fault 2150859241.
        max_processes_per_shell, max_memory_per_shell_mb: only shown by the config resource.
        idle_timeout: seconds after which an unused shell goes away.
        open_receives: over how many Receives the answers to an open are spread: 1, 2 or 3; recordings show 2 and 3.
        first_use_progress: whether the first pipeline of a pool starts with "Preparing modules for first use.".
    """

    max_envelope_kb: int = 500
    max_timeout: float = 60.0
    max_shells_per_user: int = 30
    max_users: int = 10
    max_operations_per_user: int = 1500
    max_connections: int = 300
    max_commands_per_shell: int = 1000
    max_processes_per_shell: int = 25
    max_memory_per_shell_mb: int = 1024
    idle_timeout: float = 7200.0
    open_receives: int = 2
    first_use_progress: bool = False

    def room(self, request: Request) -> int:
        """Bytes, before base64, that fit into one answer to this request."""
        limit = self.max_envelope_kb * 1024
        if request.max_envelope_size:
            limit = min(limit, request.max_envelope_size)
        return max(1, (limit - _ENVELOPE) * 3 // 4)

    def fragment_size(self, request: Request) -> int:
        """Bytes of a PSRP fragment: PowerShell's default, or less where the client takes only small envelopes."""
        return max(_SMALLEST_FRAGMENT, min(_FRAGMENT, self.room(request) - 256))


_ENVELOPE = 2048
_FRAGMENT = 32 * 1024
_SMALLEST_FRAGMENT = 512
