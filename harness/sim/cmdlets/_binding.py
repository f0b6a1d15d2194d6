"""The parameter binder: names (also shortened), aliases, positions, types, mandatory ones; errors with Windows' ids."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.sim.cmdlets._convert import ConversionError, ScriptBlock, as_list, convert, to_text
from harness.sim.cmdlets._records import binding_failure
from harness.sim.machine import Parameter, TerminatingError
from harness.sim.objects import Enum

__all__ = ["COMMON", "NO_CONVERSION", "bind", "takes_no_argument"]

NO_CONVERSION = "CannotConvertArgumentNoMessage"
"""The error id of an argument of another type than the parameter's."""


class Spec(Protocol):
    """What the binder asks of a parameter."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def position(self) -> int | None: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def mandatory(self) -> bool: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def pattern(self) -> str: ...
    @property
    def refusal(self) -> str: ...


class Bindable(Protocol):
    """What the binder asks of a command."""

    @property
    def name(self) -> str: ...
    @property
    def id_suffix(self) -> str: ...
    @property
    def parameters(self) -> Sequence[Spec]: ...
    @property
    def exclusive(self) -> tuple[tuple[str, ...], ...]: ...


@dataclass(frozen=True, slots=True)
class _Common:
    name: str
    kind: str = "string"
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    position: int | None = None
    mandatory: bool = False
    pattern: str = ""
    refusal: str = NO_CONVERSION


_ACTIONS = ("SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore", "Suspend")
COMMON: tuple[Spec, ...] = (
    _Common("ErrorAction", aliases=("ea",), choices=_ACTIONS),
    _Common("WarningAction", aliases=("wa",), choices=_ACTIONS),
    _Common("InformationAction", aliases=("infa",), choices=_ACTIONS),
    _Common("ErrorVariable", aliases=("ev",)),
    _Common("WarningVariable", aliases=("wv",)),
    _Common("InformationVariable", aliases=("iv",)),
    _Common("OutVariable", aliases=("ov",)),
    _Common("OutBuffer", "int", aliases=("ob",)),
    _Common("PipelineVariable", aliases=("pv",)),
    _Common("Verbose", "switch", aliases=("vb",)),
    _Common("Debug", "switch", aliases=("db",)),
    _Common("WhatIf", "switch", aliases=("wi",)),
    _Common("Confirm", "switch", aliases=("cf",)),
)
"""Parameters that every advanced command has."""


def bind(command: Bindable, arguments: Sequence[Parameter]) -> dict[str, object]:
    """Arguments by canonical parameter name, each converted to its parameter's type.

    Raises:
        TerminatingError: a ParameterBindingException with PowerShell's id.
    """
    bound: dict[str, object] = {}
    for argument in arguments:
        if argument.name is not None:
            spec = _by_name(command, argument.name.removeprefix("-").rstrip(":"))
            if spec.name in bound:
                raise _refuse(
                    command,
                    "ParameterAlreadyBound",
                    f"Cannot bind parameter because parameter '{spec.name}' is specified more than once.",
                )
            bound[spec.name] = _value(command, spec, argument.value)
    _positional(command, [argument.value for argument in arguments if argument.name is None], bound)
    _check_sets(command, bound)
    return bound


def takes_no_argument(command: Bindable, name: str) -> bool:
    """Whether a parameter is a switch; a name that does not resolve is none."""
    try:
        return _by_name(command, name).kind == "switch"
    except TerminatingError:
        return False


def _refuse(command: Bindable, error_id: str, message: str) -> TerminatingError:
    return binding_failure(error_id, command.id_suffix, command.name, message)


def _by_name(command: Bindable, name: str) -> Spec:
    wanted = name.casefold()
    specs = (*command.parameters, *COMMON)
    for spec in specs:
        if spec.name.casefold() == wanted or wanted in (alias.casefold() for alias in spec.aliases):
            return spec
    found = [spec for spec in specs if spec.name.casefold().startswith(wanted)] if wanted else []
    own = [spec for spec in found if spec not in COMMON]
    if len(own or found) == 1:
        return (own or found)[0]
    if found:
        names = " ".join(f"-{spec.name}" for spec in found)
        text = (
            f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. "
            f"Possible matches include: {names}."
        )
        raise _refuse(command, "AmbiguousParameter", text)
    raise _refuse(
        command, "NamedParameterNotFound", f"A parameter cannot be found that matches parameter name '{name}'."
    )


def _positional(command: Bindable, values: Iterable[object], bound: dict[str, object]) -> None:
    free = sorted(
        (spec for spec in command.parameters if spec.position is not None and spec.name not in bound),
        key=lambda spec: spec.position or 0,
    )
    for value in values:
        blocks = [spec for spec in free if spec.kind == "scriptblock"] if isinstance(value, ScriptBlock) else []
        if blocks:
            free.remove(blocks[0])
            bound[blocks[0].name] = _value(command, blocks[0], value)
            continue
        free = [spec for spec in free if spec.kind != "scriptblock"] if not isinstance(value, ScriptBlock) else free
        if not free:
            raise _refuse(
                command,
                "PositionalParameterNotFound",
                f"A positional parameter cannot be found that accepts argument '{to_text(value)}'.",
            )
        spec = free.pop(0)
        bound[spec.name] = _value(command, spec, value)


def _value(command: Bindable, spec: Spec, value: object) -> object:
    if value is None and spec.kind == "bool":
        raise _refuse(
            command,
            "ParameterArgumentValidationErrorNullNotAllowed",
            f"Cannot bind argument to parameter '{spec.name}' because it is null.",
        )
    try:
        converted = convert(value, spec.kind)
    except ConversionError as error:
        text = f"Cannot bind parameter '{spec.name}'. {error}"
        raise _refuse(command, spec.refusal, text) from error
    if spec.choices:
        return _choice(command, spec, converted)
    if spec.pattern and not re.search(spec.pattern, to_text(converted)):
        raise _refuse(
            command,
            "ParameterArgumentValidationError",
            f"Cannot validate argument on parameter '{spec.name}'. The argument \"{to_text(converted)}\" does not "
            f'match the "{spec.pattern}" pattern.',
        )
    return converted


def _choice(command: Bindable, spec: Spec, value: object) -> object:
    chosen = [_one_choice(command, spec, item) for item in as_list(value)]
    return chosen if spec.kind.endswith("[]") else chosen[0]


def _one_choice(command: Bindable, spec: Spec, value: object) -> str:
    if isinstance(value, Enum):
        return value.name
    text = to_text(value)
    if text.isdecimal() and int(text) < len(spec.choices):
        return spec.choices[int(text)]
    for choice in spec.choices:
        if choice.casefold() == text.casefold():
            return choice
    names = ", ".join(spec.choices)
    raise _refuse(
        command,
        NO_CONVERSION,
        f"Cannot bind parameter '{spec.name}'. Cannot convert value \"{text}\". Specify one of the following: {names}.",
    )


def _check_sets(command: Bindable, bound: dict[str, object]) -> None:
    for group in command.exclusive:
        if sum(name in bound for name in group) > 1:
            raise _refuse(
                command,
                "AmbiguousParameterSet",
                "Parameter set cannot be resolved using the specified named parameters.",
            )
    missing = [spec.name for spec in command.parameters if spec.mandatory and spec.name not in bound]
    if missing:
        raise _refuse(
            command,
            "MissingMandatoryParameter",
            f"Cannot process command because of one or more missing mandatory parameters: {' '.join(missing)}.",
        )
