"""From a failed request to the fate of what the caller wanted done."""

from enum import Enum, auto

from pypsrp.exceptions import WSManFaultError
from winrm.exceptions import WinRMError, WinRMOperationTimeoutError, WinRMTransportError

from harness.core.errors import Sent, TransportError
from harness.remoting._endpoint import Endpoint
from harness.remoting._errors import GARBLED, garbled
from harness.remoting._faults import OPERATION_TIMEOUT, Fault, refusal
from harness.remoting._transport import OperationTimeout

__all__ = ["FAILURES", "At", "placed"]

FAILURES = (TransportError, OperationTimeout, WinRMError, WinRMTransportError, WinRMOperationTimeoutError, *GARBLED)
"""All that a call into pypsrp or pywinrm can raise over our transport."""

_TIMEOUTS = (OperationTimeout, WSManFaultError, WinRMOperationTimeoutError)


class At(Enum):
    """How far a run has come: what of the caller's command the machine can have."""

    OPENING = auto()
    """The session is being made; of the command nothing has left."""
    SENDING = auto()
    """The command is on its way: the failed request itself knows what became of it."""
    RECEIVING = auto()
    """The machine has taken the command."""


def placed(error: Exception, at: At, place: Endpoint, *, target: str, step: str) -> TransportError:
    """The error as the caller sees it: with a target, a step, and ``sent`` speaking of the command it wanted run."""
    if isinstance(error, TransportError):
        failure = error
    elif isinstance(error, _TIMEOUTS):
        failure = refusal(Fault(OPERATION_TIMEOUT, "TimedOut", ""))
    else:
        failure = garbled(error, place)
    failure.target = target
    failure.step = step
    if at is At.OPENING:
        failure.sent = Sent.NO
    elif at is At.RECEIVING:
        failure.sent = Sent.YES
    return failure
