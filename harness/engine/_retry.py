"""Repeating an operation as far as its retry class allows; tenacity does the waiting."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from harness.core.errors import ConnectError, QuotaError, Sent, TransportError
from harness.core.model import RetryClass
from harness.engine._clock import Clock

__all__ = ["attempt", "may_repeat"]

T = TypeVar("T")

ATTEMPTS = 3
"""How often an operation is tried in all; a third refusal in a row is an answer."""


def may_repeat(error: BaseException, retry_class: RetryClass) -> bool:
    """Whether ``error`` may be answered by trying again.

    READ and IDEMPOTENT repeat after any passing transport error; ONCE only where no connection was made or a quota
    refused the request, both of which happen before anything is executed.
    """
    if not isinstance(error, TransportError) or not error.transient:
        return False
    if retry_class is RetryClass.ONCE:
        return isinstance(error, (ConnectError, QuotaError)) and error.sent is Sent.NO
    return True


def attempt(
    operation: Callable[[], T],
    retry_class: RetryClass,
    *,
    clock: Clock,
    on_retry: Callable[[int, float, str], None],
) -> T:
    """Run ``operation``, repeating it as ``retry_class`` allows, and raise its last error otherwise."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        on_retry(state.attempt_number + 1, float(wait), getattr(error, "message", str(error)))

    retrying = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=0.2, max=5.0) + wait_random(0.0, 0.2),
        retry=retry_if_exception(lambda error: may_repeat(error, retry_class)),
        sleep=clock.sleep,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(operation)
