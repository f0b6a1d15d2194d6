"""A diagnosis for a person and for a program."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.model.checkup import CheckState, Checkup
from harness.report._documents import plain
from harness.report._text import visible

__all__ = ["checkup_tables", "doctor_document"]

_COLOURS = {CheckState.OK: "green", CheckState.WARNING: "yellow", CheckState.FAILED: "red", CheckState.SKIPPED: "dim"}


def doctor_document(run_id: str, time: str, checkups: Sequence[Checkup]) -> dict[str, object]:
    """avma/doctor/1: every check of every machine, in order."""
    states = [check.state for checkup in checkups for check in checkup.checks]
    return {
        "schema": "avma/doctor/1",
        "run_id": run_id,
        "time": time,
        "machines": [_machine(checkup) for checkup in checkups],
        "summary": {
            "machines": len(checkups),
            "unreachable": sum(checkup.unreachable for checkup in checkups),
            **{str(state): states.count(state) for state in CheckState},
        },
    }


def _machine(checkup: Checkup) -> dict[str, object]:
    worst = CheckState.FAILED if checkup.failed else CheckState.OK
    if worst is CheckState.OK and any(check.state is CheckState.WARNING for check in checkup.checks):
        worst = CheckState.WARNING
    return {
        "name": checkup.target,
        "role": checkup.role,
        "address": checkup.address,
        "host": checkup.host,
        "vm_id": checkup.vm_id,
        "state": str(worst),
        "unreachable": checkup.unreachable,
        "checks": plain(checkup.checks),
    }


def checkup_tables(checkups: Sequence[Checkup]) -> RenderableType:
    """One table for each machine; then everything that wants mending, with its command."""
    parts: list[RenderableType] = [_table(checkup) for checkup in checkups]
    fixes = Table(title="To do", title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in ("Machine", "Check", "Fix"):
        fixes.add_column(column, overflow="fold")
    for checkup in checkups:
        for check in checkup.checks:
            if check.fix:
                style = _COLOURS[check.state]
                fixes.add_row(Text(visible(checkup.target)), Text(check.name, style=style), Text(visible(check.fix)))
    parts.append(fixes if fixes.row_count else Text("Nothing needs mending.", style="bold green"))
    return Group(*parts)


def _table(checkup: Checkup) -> Table:
    where = f" on {checkup.host}" if checkup.host else ""
    title = visible(f"{checkup.role} {checkup.target}{where} ({checkup.address})")
    table = Table(title=Text(title), title_justify="left", header_style="bold", expand=False)
    for column in ("Check", "State", "Seen"):
        table.add_column(column, overflow="fold")
    for check in checkup.checks:
        table.add_row(check.name, Text(check.state, style=_COLOURS[check.state]), Text(visible(check.seen)))
    return table
