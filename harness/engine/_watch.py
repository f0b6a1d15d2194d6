"""Verifying again and again until all that can be activated are; whoever listens hears of changes only. Reads only."""

from collections.abc import Iterable

from harness.core.model import FabricVerdict, GuestVerdict
from harness.core.verdict.patience import lasting_cause, may_still_come
from harness.engine import events
from harness.engine._clock import poll
from harness.engine._run import Run

__all__ = ["watch"]


def watch(run: Run, *, seconds: float, every: float) -> FabricVerdict:
    """Verify every ``every`` seconds until no guest is left to wait for, or ``seconds`` have passed.

    A host that does not answer is waited for as well: its guests may be among those that can be activated.

    Returns:
        the last verdict.
    """
    changes = _Changes(run)
    run.context.stream.narrow(_News())
    try:
        poll(changes.round, seconds=seconds, every=every, clock=run.context.clock)
    finally:
        run.context.stream.narrow(None)
    verdict = changes.verdict
    run.context.publish(events.VerdictReady, verdict=verdict)
    waiting = [guest for guest in verdict.guests if may_still_come(guest)]
    if waiting:
        run.context.publish(
            events.Note, target=None, message=f"The deadline passed; still waiting for {_names(waiting)}."
        )
    return verdict


class _Changes:
    """Compares each round with the one before."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._before: dict[str, GuestVerdict] | None = None
        self.verdict = FabricVerdict((), ())

    def round(self) -> FabricVerdict | None:
        """Verify once, tell what changed; the verdict once nobody is left to wait for."""
        self.verdict = self._run.verify()
        now = {guest.vm_id: guest for guest in self.verdict.guests}
        facts = self._run.record.facts
        silent = facts is None or any(lane.facts is None for lane in facts.hosts)
        if self._before is None:
            self._tell_beginning()
        else:
            self._tell_changes(self._before, now)
            missing = {vm_id: guest for vm_id, guest in self._before.items() if vm_id not in now}
            if silent:  # a silent host's guests are as they were, as far as anybody knows
                now |= missing
            else:
                self._tell_gone(missing)
        self._before = now
        return None if silent or any(may_still_come(guest) for guest in now.values()) else self.verdict

    def _tell_beginning(self) -> None:
        guests = self.verdict.guests
        waiting = [guest for guest in guests if may_still_come(guest)]
        self._note(f"Waiting for {_names(waiting)}." if waiting else "Nothing to wait for.")
        for guest in guests:
            cause = lasting_cause(guest)
            if cause is not None:
                self._note(f"not waited for: {cause}", guest.name)

    def _tell_changes(self, before: dict[str, GuestVerdict], now: dict[str, GuestVerdict]) -> None:
        for vm_id, guest in now.items():
            old = before.get(vm_id)
            if old is None or _shown(old) != _shown(guest):
                self._run.context.publish(
                    events.GuestChanged,
                    target=guest.name,
                    vm_id=vm_id,
                    host=guest.host,
                    before=str(old.verdict) if old else None,
                    verdict=str(guest.verdict),
                    message=guest.reasons[0].message if guest.reasons else "",
                )

    def _tell_gone(self, missing: dict[str, GuestVerdict]) -> None:
        for guest in missing.values():
            self._note("no host lists it any more.", guest.name)

    def _note(self, message: str, target: str | None = None) -> None:
        self._run.context.publish(events.Note, target=target, message=message)


def _shown(guest: GuestVerdict) -> tuple[object, ...]:
    """What counts as a change: not the minutes that pass."""
    return guest.verdict, guest.host, guest.reasons[0].code if guest.reasons else ""


def _names(guests: Iterable[GuestVerdict]) -> str:
    names = [guest.name for guest in guests]
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{len(names)} guest(s): {', '.join(names[:10])}{more}"


class _News:
    """Lets through what is new: changes, notes, and a machine's trouble when it begins, changes or ends."""

    def __init__(self) -> None:
        self._troubles: dict[tuple[str, str], str] = {}

    def __call__(self, event: events.Event) -> bool:
        if isinstance(event, events.LaneFailed):
            key, trouble = (event.target, event.phase), f"{event.code} {event.message}"
            new = self._troubles.get(key) != trouble
            self._troubles[key] = trouble
            return new
        if isinstance(event, events.LaneFinished):
            return self._troubles.pop((event.target, event.phase), None) is not None
        return isinstance(event, (events.GuestChanged, events.Note))
