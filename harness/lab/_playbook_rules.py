"""What a playbook's structure alone cannot say: each step is of exactly one kind."""

from collections.abc import Iterator

from harness.lab._document import Document
from harness.lab._playbook_form import KINDS, StepForm
from harness.lab._problems import Problem

__all__ = ["playbook_problems"]


def playbook_problems(document: Document) -> Iterator[Problem]:
    """Steps of no kind or of several, whatever else is wrong with the file."""
    steps = document.data.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        kinds = [key for key in step if key in KINDS]
        if not kinds and set(step) <= set(StepForm.model_fields):  # else the unknown key is told already
            place = document.place(("steps", index))
            yield Problem(place, "missing_key", "This step does not say what to do.", f"Add one of {', '.join(KINDS)}.")
        for extra in kinds[1:]:
            place = document.place(("steps", index, extra), key=True)
            message = f"This step is `{kinds[0]}` already; a step does one thing."
            yield Problem(place, "second_kind", message, "Begin a new step with `- `.")
