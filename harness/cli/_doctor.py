"""`avma doctor`: each machine checked, step by step, with the fix for each finding."""

from harness.cli._options import Options, Output
from harness.cli._reading import open_reading
from harness.cli._sinks import shown
from harness.core.exitcodes import ExitCode, highest
from harness.core.model.checkup import Checkup
from harness.engine.doctor import examine
from harness.report import checkup_tables, doctor_document

__all__ = ["doctor"]


def doctor(options: Options, targets: list[str]) -> int:
    """`avma doctor [TARGET...]`: avma/doctor/1. 0 all well (warnings too), 4 not reached, 3 something else failed."""
    with open_reading(options, " ".join(targets)) as (context, hosts):
        found = examine(context, hosts)
        if options.output is Output.TEXT:
            options.console().print(checkup_tables(shown(found)))
        else:
            options.document(doctor_document(context.run_id, context.time(), found))
    return int(highest(_code(checkup) for checkup in found))


def _code(checkup: Checkup) -> ExitCode:
    if checkup.unreachable:
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if checkup.failed else ExitCode.OK
