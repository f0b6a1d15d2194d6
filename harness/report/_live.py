"""Progress on a terminal: one bar for the phase, one line for what just happened."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.engine import events
from harness.report._lines import line_of
from harness.report._text import visible

__all__ = ["LiveProgress"]

_TITLES = {
    "gather_hosts": "Asking hosts",
    "gather_guests": "Asking guests",
    "apply": "Applying",
    "doctor_hosts": "Checking hosts",
    "doctor_guests": "Checking guests",
    "usage": "Reading logs",
    "capture_hosts": "Asking hosts",
    "capture_guests": "Asking guests",
}
_KEPT = (events.LaneFailed, events.ActionFinished, events.GuestChanged, events.Retrying, events.Note)


class LiveProgress:
    """A subscriber that draws a bar per phase on ``console`` and keeps the lines a person will want to scroll to."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def __call__(self, event: events.Event) -> None:
        """Draw what changed."""
        if isinstance(event, events.RunStarted):
            self._progress.start()
        elif isinstance(event, events.RunFinished):
            self._progress.stop()
        elif isinstance(event, events.PhaseStarted):
            self._phase(event)
        else:
            self._within(event)

    def _phase(self, event: events.PhaseStarted) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        title = _TITLES.get(event.phase, event.phase)
        self._task = self._progress.add_task(title, total=event.lanes, last="")

    def _within(self, event: events.Event) -> None:
        line = line_of(event)
        if isinstance(event, _KEPT) and line is not None:
            self._progress.console.print(Text(line, style=_style(event)), highlight=False)
        if self._task is None:
            return
        if isinstance(event, (events.LaneFinished, events.LaneFailed, events.ActionFinished)):
            self._progress.advance(self._task)
        if isinstance(event, (events.LaneStarted, events.LaneFinished)):
            self._progress.update(self._task, last=visible(event.target)[:40])


def _style(event: events.Event) -> str:
    if isinstance(event, events.LaneFailed):
        return "red"
    if isinstance(event, events.GuestChanged):
        return "green" if event.verdict == "activated" else "yellow"
    if isinstance(event, events.ActionFinished):
        return {"verified": "green", "accepted": "yellow", "skipped": "yellow"}.get(str(event.result.state), "red")
    return "dim"
