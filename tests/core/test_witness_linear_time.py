"""Parsing and masking take time in proportion to the text: four times the text, never sixteen times the time."""

import time
from collections.abc import Callable

import pytest

from harness.core.redaction import Redactor
from harness.core.witnesses import explain, parse_event, parse_kvp_items

SMALL, LARGE = 10_000, 40_000
BOUND = 10.0
"""A quadratic reader would need 16 times; a linear one 4 times, more where caches and the machine interfere."""
NOISE = 0.02
"""Seconds below which a ratio says nothing."""
LISTING = (
    "Name: Windows(R), ServerStandard edition\nDescription: Windows(R) Operating System, VOLUME_KMSCLIENT channel\n"
    "Activation ID: de32eafd-aaee-4662-9444-c1befb41bde2\nPartial Product Key: J464C\nLicense Status: Licensed\n\n"
)
PATTERNS = {
    "colons": ":",
    "one letter": "a",
    "wide letters": "あ",
    "blanks": " ",
    "blanks between letters": "a" + " " * 40,
    "empty lines": "\n",
    "half codes": "0x",
    "quote marks": "> ",
    "open elements": "<Event ",
    "elements": "<Event></Event>",
    "nested elements": "<Event>",
    "half ids": "12345678-1234-",
    "half keys": "ABCDE-",
    "short lines of digits": "1a2b3c4d\n",
    "commands": "slmgr /dlv\n",
    "prompts": "PS C:\\x> ",
    "digits": "1",
    "names": "Name: Windows(R), X edition\n",
    "listings": LISTING,
    "event lists": "EventID : 1\nMessage : x\n",
    "event copies": "Source: Microsoft-Windows-Security-SPP\nEvent ID: 12309\n",
    "event sentences": "An Automatic VM activation request has been processed\n",
    "full pages": "x" * 80 + "\n",
    "stars": "**a",
    "ampersands": "&",
    "backslashes": "\\",
    "brackets": "[[(",
    "versions": "1.1.1",
    "equal signs": "a=b;",
}


def seconds(work: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
    return best


def redact(text: str) -> str:
    redactor = Redactor()
    redactor.register("S3cret pass & more")
    redactor.register("QWRTY-23467-BCDFG-HJKMP-VWXYB")
    return redactor.redact(text)


READERS: dict[str, Callable[[str], object]] = {
    "explain": explain,
    "event": lambda text: parse_event(["0x0", text], event_id=12310),
    "kvp": lambda text: parse_kvp_items([text]),
    "redact": redact,
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("reader", READERS)
def test_time_grows_with_the_text_and_no_faster(reader: str, pattern: str) -> None:
    piece = PATTERNS[pattern]
    work = READERS[reader]
    small = seconds(work, piece * (SMALL // len(piece)))
    large = seconds(work, piece * (LARGE // len(piece)))
    assert large < max(BOUND * small, NOISE), f"{small:.3f} s, then {large:.3f} s"
