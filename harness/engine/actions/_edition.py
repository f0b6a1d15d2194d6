"""Change a guest's edition: order it, restart the guest, wait until it is back and is what it should be."""

from contextlib import suppress

from harness.core.errors import HarnessError, TransportError
from harness.core.model import Action, ActionResult, ActionState, OperatingSystem
from harness.engine._clock import poll
from harness.engine.actions._bench import Bench, verified
from harness.windows import order_edition, read_guest_system, restart_guest

__all__ = ["convert_edition"]

ORDER_SECONDS = 1800.0
"""DISM's own deadline: public reports speak of five to thirty minutes."""
_EVERY = 3.0


def convert_edition(bench: Bench, action: Action) -> ActionResult:
    """Order ``arguments["edition_id"]`` with ``arguments["product_key"]``, restart, and read until it shows.

    A restart's own loss of connection is what was asked for. The guest may restart a second time by itself, so it has
    to show the edition twice in a row.
    """
    channel = bench.guest(action)
    key = action.arguments["product_key"]
    order_edition(channel.shell, action.arguments["edition_id"], key, seconds=max(ORDER_SECONDS, bench.seconds(action)))
    with suppress(TransportError):
        restart_guest(channel.shell, seconds=bench.seconds(action))
    watch = _Watch(bench, action)
    limit = float(action.arguments["seconds"])
    found = poll(watch.settled, seconds=limit, every=_EVERY, clock=bench.context.clock)
    if found is not None:
        return verified(action, f"The guest runs {found.release} {found.edition} now.")
    seen = watch.last
    told = f"it still runs {'an evaluation of ' * seen.evaluation}{seen.edition}" if seen else "it has not come back"
    return ActionResult(
        action,
        ActionState.FAILED if seen else ActionState.UNKNOWN,
        f"DISM took the edition, but {limit / 60:.0f} minutes after the restart {told}.",
        code="edition_pending",
        next_step="Look at the guest's console and C:\\Windows\\Logs\\DISM\\dism.log, then run `avma facts`.",
    )


class _Watch:
    """What the guest said last, and whether it said the right thing the time before as well."""

    def __init__(self, bench: Bench, action: Action) -> None:
        self._bench = bench
        self._action = action
        self._good = 0
        self.last: OperatingSystem | None = None

    def settled(self) -> OperatingSystem | None:
        """The guest's system once it is what was asked for, twice in a row; None until then and while it is away."""
        try:
            self.last = read_guest_system(
                self._bench.guest(self._action).session, seconds=self._bench.seconds(self._action)
            )
        except HarnessError:
            self._good = 0
            return None
        right = not self.last.evaluation and self.last.edition == self._action.arguments["edition"]
        self._good = self._good + 1 if right else 0
        return self.last if self._good > 1 else None
