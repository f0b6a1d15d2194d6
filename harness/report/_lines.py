"""Progress as plain lines or NDJSON: one per event, for logs and pipes."""

import json
from collections.abc import Callable
from typing import TextIO

from harness.engine import events
from harness.report._documents import plain
from harness.report._text import visible

__all__ = ["json_lines", "line_of", "text_lines"]


def _plan(event: events.Event) -> str:
    assert isinstance(event, events.PlanReady)
    return f"plan: {len(event.plan.actions)} actions, {len(event.plan.blocked)} blocked"


def _finished(event: events.Event) -> str:
    assert isinstance(event, events.ActionFinished)
    result = event.result
    return f"{result.action.id} {result.action.target}: {result.action.step} {result.state}: {result.message}"


def _verdict(event: events.Event) -> str:
    assert isinstance(event, events.VerdictReady)
    guests = event.verdict.guests
    return f"verdict: {sum(g.verdict == 'activated' for g in guests)} of {len(guests)} guests activated"


def _lane_failed(event: events.Event) -> str:
    assert isinstance(event, events.LaneFailed)
    return f"{event.target}: {event.message} {event.next_step}"


def _started(event: events.Event) -> str:
    assert isinstance(event, events.RunStarted)
    return f"run {event.run_id}: {event.command}, {event.hosts} hosts"


def _retrying(event: events.Event) -> str:
    assert isinstance(event, events.Retrying)
    return f"{event.target}: trying again in {event.wait:.1f} s: {event.reason}"


def _lane_finished(event: events.Event) -> str:
    assert isinstance(event, events.LaneFinished)
    return f"{event.target}: {event.summary}"


def _changed(event: events.Event) -> str:
    assert isinstance(event, events.GuestChanged)
    before = f" (was {event.before})" if event.before and event.before != event.verdict else ""
    return f"{event.target} on {event.host}: {event.verdict}{before}{': ' if event.message else ''}{event.message}"


def _note(event: events.Event) -> str:
    assert isinstance(event, events.Note)
    return f"{event.target}: {event.message}" if event.target else event.message


_LINES: dict[type[events.Event], Callable[[events.Event], str]] = {
    events.RunStarted: _started,
    events.PlanReady: _plan,
    events.ActionFinished: _finished,
    events.VerdictReady: _verdict,
    events.LaneFailed: _lane_failed,
    events.LaneFinished: _lane_finished,
    events.Retrying: _retrying,
    events.GuestChanged: _changed,
    events.Note: _note,
}


def line_of(event: events.Event) -> str | None:
    """The event as one line, or None where it is of no interest to a reader of lines."""
    writer = _LINES.get(type(event))
    return visible(writer(event)) if writer else None


def text_lines(stream: TextIO) -> events.Subscriber:
    """A subscriber that prints one line per event worth reading."""

    def tell(event: events.Event) -> None:
        line = line_of(event)
        if line is not None:
            stream.write(line + "\n")
            stream.flush()

    return tell


def json_lines(stream: TextIO) -> events.Subscriber:
    """A subscriber that prints every event as one JSON document a line (`avma/event/1`)."""

    def tell(event: events.Event) -> None:
        body = plain(event)
        assert isinstance(body, dict)
        document = {"schema": "avma/event/1", "event": type(event).__name__, **body}
        stream.write(json.dumps(document, ensure_ascii=False) + "\n")
        stream.flush()

    return tell
