"""The raw answers of a machine as JSON-ready values: what facts were made of, kept so that a verdict can be checked."""

from collections.abc import Callable, Mapping

from harness.remoting import ErrorDetail
from harness.windows._values import json_ready, plain
from harness.windows.answers import Answers

__all__ = ["Keep", "nobody", "raw_answers"]

Keep = Callable[[Callable[[], Mapping[str, object]]], None]
"""Takes what makes the raw answers of one machine, by question: few readings end as evidence, most never make them."""


def nobody(_answers: Callable[[], Mapping[str, object]]) -> None:
    """Keeps nothing."""


def raw_answers(answers: Answers) -> dict[str, object]:
    """Rows and errors by question. Property names are in small letters, as the rows are looked up.

    What belongs to no question, such as the answer of a command of unknown shape, is under "(other)".
    """
    found: dict[str, object] = {}
    for name, rows in answers.rows.items():
        errors = answers.errors.get(name, ())
        shown: dict[str, object] = {"rows": [{key: json_ready(row.get(key)) for key in row.values} for row in rows]}
        if errors:
            shown["errors"] = [_error(error) for error in errors]
        found[name] = shown
    if answers.raw:
        found["(other)"] = {"rows": [json_ready(plain(value)) for value in answers.raw]}
    return found


def _error(error: ErrorDetail) -> dict[str, object]:
    return {
        "message": error.message,
        "id": error.fq_id,
        "exception": error.exception_type,
        "hresult": f"0x{error.hresult:08X}" if error.hresult is not None else None,
    }
