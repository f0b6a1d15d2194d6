r"""What Hyper-V wrote into a guest's registry through Data Exchange: which VM it is, and which host it is on.

The host writes the values under ``Virtual Machine\Guest\Parameters`` when a VM starts or moves. They are not protected,
and Microsoft Learn (Automatic Virtual Machine Activation) asks for the removal of such data where an AVMA key is
replaced by another key. No source names an item of AVMA's own, so those go that name the host that activated the guest;
``VirtualMachineId`` stays, by which the guest proves which VM it is.
"""

from harness.remoting import PowerShellSession, Statement, cmd
from harness.windows._refusal import refuse_errors
from harness.windows._values import Row
from harness.windows.answers import ask
from harness.windows.question import FULL, Question

__all__ = ["PARAMETERS", "host_values", "read_host_values", "remove_host_values"]

_PATH = "HKLM:\\SOFTWARE\\Microsoft\\Virtual Machine\\Guest\\Parameters"
_HOST_VALUES = ("HostName", "PhysicalHostName", "PhysicalHostNameFullyQualified")

PARAMETERS = Question(
    "parameters",
    (cmd("Get-ItemProperty", Path=_PATH),),
    ("VirtualMachineId", *_HOST_VALUES),
    nothing=frozenset({"PathNotFound"}),
)
"""What the host writes into the guest through Data Exchange; the key is absent where it never did."""


def host_values(row: Row | None) -> tuple[str, ...]:
    """The names of the values that name a host, of those that PARAMETERS brought."""
    return tuple(name for name in _HOST_VALUES if row is not None and row.text(name))


def read_host_values(session: PowerShellSession, *, seconds: float) -> tuple[str, ...]:
    """The names of the values in the guest's registry that name a host. Retry class: read.

    Raises:
        RemoteError: the registry cannot be read.
        TransportError: by phase.
    """
    answers = ask(session, [PARAMETERS], FULL, seconds=seconds)
    row = answers.first("parameters")
    errors = [e for e in answers.errors["parameters"] if e.fq_id.partition(",")[0] not in PARAMETERS.nothing]
    refuse_errors(errors, target=session.target, step="read_host_values", answered=row is not None)
    return host_values(row)


def remove_host_values(session: PowerShellSession, names: tuple[str, ...], *, seconds: float) -> None:
    """Remove these values from the guest's registry. Retry class: idempotent; read back with read_host_values.

    Args:
        session: into the guest, elevated.
        names: as read_host_values tells them; one that is gone by now is an error of the cmdlet's.
        seconds: deadline.

    Raises:
        RemoteError: refused.
        TransportError: by phase.
    """
    result = session.run([Statement((cmd("Remove-ItemProperty", Path=_PATH, Name=list(names)),))], seconds=seconds)
    refuse_errors(result.errors, target=session.target, step="remove_host_values")
