"""Coverage-guided damage at everything that reads foreign text: no reader may raise, none may hang.

python tests/fuzz/witness_fuzz.py --seconds 600 --keep FOLDER

libFuzzer looks for inputs that reach lines not reached before, beginning with the transcripts of tests/cases. The first
byte of an input chooses the reader; what made one raise, or took ten seconds, lies in FOLDER afterwards.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["harness.core"]):
    from harness.core.redaction import Redactor
    from harness.core.witnesses import (
        decode_answer,
        explain,
        licence_record,
        parse_event,
        parse_event_text,
        read_kvp_items,
    )

CASES = Path(__file__).parent.parent / "cases"
LARGEST = 6000
_PAGES = (None, 437, 850, 932, 936, 1252, 65001, 0)


def _explained(data: bytes) -> None:
    explain(decode_answer(data[1:], _PAGES[data[0] % len(_PAGES)] if data else None))


def _event(data: bytes) -> None:
    text = decode_answer(data)
    parse_event(text.split("\x1f"), event_id=12309)
    parse_event_text(text)


def _items(data: bytes) -> None:
    read_kvp_items(decode_answer(data).split("\x1f"))


def _licence(data: bytes) -> None:
    """A licence as JSON of any shape; what is no object goes in as every property's value."""
    text = decode_answer(data)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = text
    names = ("LicenseStatus", "LicenseStatusReason", "GracePeriodRemaining", "AutomaticVMActivationLastActivationTime")
    licence_record(told if isinstance(told, dict) else dict.fromkeys(names, told))


def _redacted(data: bytes) -> None:
    redactor = Redactor()
    redactor.register("S3cret pass & more")
    if "S3cret pass & more" in redactor.redact(decode_answer(data)):
        raise AssertionError("a secret came through")


READERS: tuple[Callable[[bytes], None], ...] = (_explained, _event, _items, _licence, _redacted)


def read(data: bytes, readers: Sequence[Callable[[bytes], None]] = READERS) -> None:
    """Let the reader that the first byte names read the rest."""
    if data:
        readers[data[0] % len(readers)](data[1:])


def seeds() -> list[bytes]:
    """The transcripts and cases of the suite, each behind the number of its reader."""
    found = [b"\x00\x00" + path.read_bytes() for path in sorted((CASES / "slmgr").glob("*.txt"))]
    for number, folder in ((1, "events"), (2, "kvp"), (3, "cim")):
        found += [bytes([number]) + path.read_bytes() for path in sorted((CASES / folder).glob("*.yaml"))]
    return [*found, b"\x04pass=S3cret pass & more", b'\x03{"LicenseStatus": 1, "PartialProductKey": "78VHK"}']


def fuzz(seconds: float, keep: Path, readers: Sequence[Callable[[bytes], None]] = READERS) -> None:
    """Look for so long; ends the process, with 0 where nothing was found. What was found goes into ``keep``."""
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            Path(folder, f"{number:04d}").write_bytes(seed[:LARGEST])
        options = [f"-max_total_time={seconds:.0f}", f"-max_len={LARGEST}", "-timeout=10", "-print_final_stats=1"]
        words = [sys.argv[0], *options, f"-artifact_prefix={keep}{os.sep}", folder]
        atheris.Setup(words, lambda data: read(data, readers))
        atheris.Fuzz()


def main() -> None:
    """Run from the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0, help="For how long.")
    options.add_argument("--keep", type=Path, default=Path(), help="Where inputs go that found something.")
    told = options.parse_args()
    fuzz(told.seconds, told.keep)


if __name__ == "__main__":
    main()
