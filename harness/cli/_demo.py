"""`avma demo`: the whole story on the simulated lab, in the first five minutes.

The lab runs as a program of its own and is reached over the wire only, like any other.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.cli._options import Options, Output
from harness.cli._run import RunSettings, open_run
from harness.cli._sinks import shown
from harness.cli._store import write_report
from harness.core.errors import HarnessError
from harness.core.exitcodes import ExitCode
from harness.core.model import ActionResult, ActionState, StepKind
from harness.engine import RunRecord
from harness.lab import load_playbook
from harness.report import apply_document, print_record

__all__ = ["demo"]

_AS_DESIGNED = frozenset({ExitCode.OK, ExitCode.NOT_ACTIVATED})


def demo(options: Options, directory: str) -> int:
    """Onboard the demo lab's cluster, activate what can be activated, verify, report: one run of one playbook.

    Returns:
        0 when everything ran as designed: guests that cannot be activated are part of the design.
    """
    folder = _fresh(Path(directory))
    options.talk().print("Starting the simulated lab: real WinRM and PSRP on loopback, no Windows.", markup=False)
    with _lab(folder / "lab") as inventory:
        own = replace(options, inventory=inventory, store=options.store or str(folder / "store.db"))
        with open_run(own, RunSettings("demo", load_playbook("onboard-cluster"), changes=True)) as run:
            run.gather()
            run.plan()
            run.apply()
            run.verify()
            code = run.exit_code()
    record = run.record
    if options.output is Output.JSON:
        options.document(apply_document(record))
    elif options.output is Output.TEXT:
        print_record(options.console(), shown(replace(record, plan=None, results=_noteworthy(record))))
    write_report(record, folder, options)
    if code in _AS_DESIGNED:
        return int(ExitCode.OK)
    options.talk().print("The demo did not run as designed; see the outcomes above.", markup=False)
    return int(code)


def _fresh(folder: Path) -> Path:
    """The demo's folder without the ledger of an earlier demo, whose lab and keys are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("store.db*"):
        old.unlink()
    return folder


def _noteworthy(record: RunRecord) -> tuple[ActionResult, ...]:
    """Host keys always, since they are money; of the rest what was not verified."""
    return tuple(
        result
        for result in record.results
        if result.action.step is StepKind.HOST_KEY or result.state is not ActionState.VERIFIED
    )


@contextmanager
def _lab(folder: Path) -> Iterator[str]:
    """The simulated lab as a process of its own; yields the path of its ready inventory."""
    command = [sys.executable, "-m", "harness.cli", "--output", "ndjson", "sim", "up", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise HarnessError(
                    "The simulated lab did not start.", target="demo", hint="Run `avma sim up` to see why."
                )
            yield str(json.loads(line)["inventory"])
        finally:
            process.terminate()
            process.wait(timeout=30)
