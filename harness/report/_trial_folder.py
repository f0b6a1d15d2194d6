"""What a test on a lab leaves behind: one folder with its events, facts, runs, evidence, transcript and seed."""

import json
from collections.abc import Mapping
from pathlib import Path

from harness.core.masking import masked
from harness.core.redaction import Redactor
from harness.engine import RunRecord
from harness.engine.events import Event
from harness.report._documents import facts_document, run_document
from harness.report._lines import json_lines, line_of

__all__ = ["TrialFolder"]


class TrialFolder:
    """Writes as things happen, so that a test job that is killed leaves what was known by then.

    ``events.ndjson``, ``transcript.ndjson``, ``facts-before.json``, ``facts-after.json``, ``run-NN.json`` with
    ``run-NN/`` for its evidence, and ``trial.json``. All of it is free of secrets.
    """

    def __init__(self, path: Path, redactor: Redactor) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lines: list[str] = []
        self._redactor = redactor
        self._events = (path / "events.ndjson").open("w", encoding="utf-8")
        self._transcript = (path / "transcript.ndjson").open("w", encoding="utf-8")
        self._tell = json_lines(self._events)
        self._runs = 0
        self._last: RunRecord | None = None

    def event(self, event: Event) -> None:
        """A subscriber of the runs' event streams, which have masked the event already."""
        self._tell(event)
        line = line_of(event)
        if line is not None:
            self.lines.append(line)

    def transcript(self, line: str) -> None:
        """One line of the transcript."""
        self._transcript.write(self._redactor.redact(line) + "\n")
        self._transcript.flush()

    def record(self, record: RunRecord, evidence: Mapping[str, bytes]) -> None:
        """A run that is over, with the raw answers behind it."""
        self._runs += 1
        self._last = masked(record, self._redactor.redact)
        name = f"run-{self._runs:02d}"
        self._write(f"{name}.json", run_document(self._last))
        for path, body in evidence.items():
            file = self.path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        if self._runs == 1:
            self._write("facts-before.json", facts_document(self._last))

    def close(self, trial: Mapping[str, object]) -> None:
        """The test is over; ``trial`` says of it what the runs do not."""
        if self._last is not None:
            self._write("facts-after.json", facts_document(self._last))
        self._write("trial.json", self._redactor.redact_value(trial))
        self._events.close()
        self._transcript.close()

    def _write(self, name: str, document: object) -> None:
        (self.path / name).write_text(json.dumps(document, indent=1, ensure_ascii=False), "utf-8")
