"""The log of `-v`: every event on one line, and redaction after everything else."""

import io
from datetime import UTC, datetime

from harness.core.redaction import Redactor
from harness.engine import events
from harness.report import log_lines

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_a_secret_in_any_field_is_masked_after_the_line_is_rendered():
    out, redactor = io.StringIO(), Redactor()
    redactor.register("S3cret'pass\"word")
    tell = log_lines(out, redactor.redact)
    tell(events.Note("r1", NOW, "hv01", "the password is S3cret'pass\"word"))
    tell(events.LaneFailed("r1", NOW, "hv01\x1b[2J", "gather", "code", "S3cret'pass\"word", "next"))
    written = out.getvalue()
    assert "S3cret" not in written
    assert "\x1b" not in written
    assert len(written.splitlines()) == 2
    assert "event='Note'" in written
