"""`avma capture`: first contact with real hosts, as one file that a simulated lab can play back."""

import json
from pathlib import Path

from harness import __version__
from harness.cli._options import Options, Output
from harness.cli._reading import open_reading
from harness.cli._sinks import shown
from harness.core.errors import InputError
from harness.core.exitcodes import ExitCode, highest
from harness.engine import capture as look
from harness.report import capture_document, capture_tables

__all__ = ["capture"]


def capture(options: Options, targets: list[str], to: str | None) -> int:
    """`avma capture [TARGET...] [--to FILE]`: avma/capture/1. Exit code 4 where a host was not reached."""
    with open_reading(options, " ".join(targets)) as (context, hosts):
        found = look(context, hosts)
        document = capture_document(found, context.time(), __version__)
    if to is not None:
        _write(Path(to), json.dumps(shown(document), indent=1, ensure_ascii=False) + "\n")
        options.talk().print(f"Capture: {to}", markup=False)
    if options.output is not Output.TEXT:
        options.document(document)
    elif to is None or found.sightings:
        options.console().print(capture_tables(shown(found)))
    return int(highest(ExitCode.UNREACHABLE if failure.unreachable else ExitCode.FAILED for failure in found.failures))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(
            f"The capture cannot be written: {error.strerror}.", target=str(path), hint="Give a writable file."
        ) from error
