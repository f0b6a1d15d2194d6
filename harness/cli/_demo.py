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
from harness.cli._store import write_report
from harness.core.errors import HarnessError
from harness.core.exitcodes import ExitCode
from harness.core.model import ActionResult, ActionState
from harness.engine import RunRecord
from harness.lab import load_inventory, load_playbook
from harness.report import apply_document, print_record

__all__ = ["demo"]

_AS_DESIGNED = frozenset({ExitCode.OK, ExitCode.NOT_ACTIVATED})


def demo(options: Options, directory: str) -> int:
    """Onboard the demo lab's clusters, activate what can be activated, verify, report.

    Returns:
        0 when everything ran as designed: guests that cannot be activated are part of the design.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    talk = options.talk()
    talk.print("Starting the simulated lab: real WinRM and PSRP on loopback, no Windows.", markup=False)
    with _lab(folder / "lab") as inventory:
        own = replace(options, inventory=inventory, store=options.store or str(folder / "store.db"))
        for cluster in load_inventory(inventory).clusters:
            code, record = _run(own, f"onboard {cluster}", "onboard-cluster", cluster)
            if code not in _AS_DESIGNED:
                return _ended(own, record, folder, code)
        code, record = _run(own, "demo: activate-guests", "activate-guests", None)
        return _ended(own, record, folder, code)


def _run(options: Options, command: str, playbook: str, limit: str | None) -> tuple[ExitCode, RunRecord]:
    settings = RunSettings(command, load_playbook(playbook), limit)
    with open_run(options, settings) as run:
        run.gather()
        run.plan()
        run.apply()
        run.verify()
        code = run.exit_code()
    return code, run.record


def _ended(options: Options, record: RunRecord, folder: Path, code: ExitCode) -> int:
    if options.output is Output.JSON:
        options.document(apply_document(record))
    elif options.output is Output.TEXT:
        print_record(options.console(), replace(record, plan=None, results=_noteworthy(record)))
    write_report(record, folder, options)
    if code in _AS_DESIGNED:
        return int(ExitCode.OK)
    options.talk().print("The demo did not run as designed; see the outcomes above.", markup=False)
    return int(code)


def _noteworthy(record: RunRecord) -> tuple[ActionResult, ...]:
    return tuple(result for result in record.results if result.state is not ActionState.VERIFIED)


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
