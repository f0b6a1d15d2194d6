"""`avma report --evidence` and `--check`: a run's raw answers as one file, and whether such a file is as it was."""

from pathlib import Path

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.core.exitcodes import ExitCode
from harness.engine import RunRecord
from harness.report import bundle, check_bundle, run_document, visible
from harness.store import Store

__all__ = ["check_evidence", "export_evidence"]


def export_evidence(options: Options, store: Store, record: RunRecord, path: Path) -> None:
    """Write a run's bundle. Raises InputError where the run kept none or the file cannot be written."""
    documents = store.evidence.read(record.run_id)
    if not documents:
        raise InputError(
            f"The run {record.run_id} kept no evidence: it reached no verdict.",
            target=str(path),
            hint="Run `avma verify` and export that run.",
        )
    try:
        path.write_bytes(bundle(run_document(record), documents))
    except OSError as error:
        raise InputError(
            f"The evidence cannot be written: {error.strerror}.", target=str(path), hint="Give a writable file."
        ) from error
    options.talk().print(f"Evidence: {path}, {len(documents)} documents", markup=False)


def check_evidence(options: Options, store: Store, path: Path) -> int:
    """Compare a bundle with its manifest and with the store: 0 as it was, 3 something differs.

    Raises:
        InputError: the file cannot be read or is no bundle.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.", target=str(path), hint="Give a readable file."
        ) from error
    first = check_bundle(data)
    known = store.evidence.hashes(first.run_id)
    found = check_bundle(data, known) if known else first
    document = {
        "schema": "avma/evidence-check/1",
        "run_id": found.run_id,
        "files": found.files,
        "compared_with_store": bool(known),
        "findings": list(found.findings),
    }
    if options.output is Output.TEXT:
        against = "its manifest and the store" if known else "its manifest; the store does not know this run"
        lines = found.findings or (f"{found.files} files are as they were, by {against}.",)
        for line in lines:
            options.console().print(visible(line), markup=False)
    else:
        options.document(document)
    return int(ExitCode.FAILED if found.findings else ExitCode.OK)
