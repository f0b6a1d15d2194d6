"""A playbook file as the core's Playbook."""

import os
from difflib import get_close_matches
from pathlib import Path

from harness.core.errors import InputError
from harness.core.model import Playbook, Step, StepKind
from harness.lab._document import Document, read_document
from harness.lab._playbook_form import (
    KINDS,
    CanaryOptions,
    EditionOptions,
    PlaybookForm,
    StepForm,
    SubscriptionOptions,
    WaitOptions,
    WhenForm,
)
from harness.lab._playbook_rules import playbook_problems
from harness.lab._problems import LabFileError
from harness.lab._shipped import shipped_playbooks
from harness.lab._structure import structure
from harness.lab._version import refuse_other_versions

__all__ = ["find_playbook", "load_playbook"]


def find_playbook(name: str) -> Path:
    """The file of a playbook: a path as it is, else the name of a playbook that comes with the harness.

    Raises:
        InputError: no file and no shipped playbook has that name; the hint names the nearest one.
    """
    path = Path(name)
    if path.is_file() or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    shipped = shipped_playbooks()
    if name not in shipped:
        near = get_close_matches(name, shipped, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Give a path, or one of: {', '.join(shipped)}."
        raise InputError("There is no playbook of that name.", target=name, hint=hint)
    return shipped[name]


def load_playbook(name_or_path: str | os.PathLike[str]) -> Playbook:
    """Read a playbook by path, or by name where the harness ships it.

    Raises:
        LabFileError: everything that is wrong with the file, each with line and column.
        InputError: there is no playbook of that name.
    """
    document = read_document(find_playbook(os.fspath(name_or_path)))
    refuse_other_versions(document)
    form, problems = structure(PlaybookForm, document)
    problems += [*document.problems, *playbook_problems(document)]
    if form is None or problems:
        raise LabFileError(problems)
    steps = tuple(_step(document, index, step) for index, step in enumerate(form.steps))
    return Playbook(name=form.name, targets=tuple(form.targets), steps=steps, path=document.file)


def _step(document: Document, index: int, form: StepForm) -> Step:
    kind = next(kind for kind in KINDS if kind in form.model_fields_set)
    return Step(
        kind=StepKind(kind),
        name=form.name or kind.replace("_", " "),
        options=_options(getattr(form, kind)),
        when=_when(form.when),
        tags=tuple(form.tags),
        serial=form.serial,
        place=document.place(("steps", index, kind), key=True),
    )


def _options(form: object) -> dict[str, object]:
    if isinstance(form, WaitOptions):
        return {"seconds": form.timeout}
    if isinstance(form, (CanaryOptions, EditionOptions, SubscriptionOptions)):
        return form.model_dump(exclude={"timeout"}) | {"seconds": form.timeout}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in dict(form).items()}  # type: ignore[call-overload]


def _when(form: WhenForm | None) -> dict[str, tuple[str, ...]]:
    return {} if form is None else {name: tuple(map(str, value)) for name, value in form if value is not None}
