"""`avma runs diff BEFORE AFTER`: what changed between two runs of the store."""

from datetime import UTC, datetime

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.core.exitcodes import ExitCode
from harness.core.model import FabricFacts, FabricVerdict
from harness.core.rundiff import compare
from harness.core.verdict import judge
from harness.engine import RunRecord, read_record
from harness.lab import Settings
from harness.report import rundiff_document, rundiff_tables
from harness.store import open_store

__all__ = ["diff"]


def diff(options: Options, before: str, after: str) -> int:
    """Compare two runs that gathered facts; exit code 7 where something activated before and does no longer."""
    store = open_store(options.store or Settings().store)
    try:
        old, new = (read_record(store.runs.record(run_id)) for run_id in (before, after))
    finally:
        store.close()
    judged = old.verdict is not None and new.verdict is not None
    found = compare(_sight(old, judged=judged), _sight(new, judged=judged))
    if options.output is Output.TEXT:
        options.console().print(rundiff_tables(found))
    else:
        options.document(rundiff_document(old, new, found))
    return int(ExitCode.NOT_ACTIVATED if found.worse else ExitCode.OK)


def _sight(record: RunRecord, *, judged: bool) -> tuple[FabricFacts, FabricVerdict]:
    """Facts and verdict; where one of the runs has no verdict, both are judged anew by the same measure."""
    if record.facts is None:
        raise InputError(
            "This run gathered no facts.", target=record.run_id, hint="Give runs of facts, plan, verify or preflight."
        )
    if judged and record.verdict is not None:
        return record.facts, record.verdict
    when = datetime.fromisoformat(record.started)
    return record.facts, judge(record.facts, when if when.tzinfo else when.replace(tzinfo=UTC))
