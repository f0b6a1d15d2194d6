"""Binding arguments to the ``param()`` of a script, a block or a function.

After about_Functions_Advanced_Parameters and about_Splatting on Microsoft Learn (read 2025-11); the error ids are
those of PowerShell's ParameterBinderController.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.sim.machine import Parameter
from harness.sim.script import _nodes as nodes
from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._values import to_text, whole

__all__ = ["COMMON_SWITCHES", "Bound", "bind", "common_name", "find"]

_COMMON_VALUES = {
    "erroraction": "ea",
    "errorvariable": "ev",
    "informationaction": "infa",
    "outvariable": "ov",
    "warningaction": "wa",
    "warningvariable": "wv",
}
COMMON_SWITCHES = {"verbose": "vb", "debug": "db"}
Convert = Callable[[object, nodes.TypeName], object]


@dataclass(slots=True)
class Bound:
    """What the binder made of the arguments: values by parameter, the rest for ``$args``, the common parameters."""

    values: dict[str, object] = field(default_factory=dict)
    rest: list[object] = field(default_factory=list)
    common: dict[str, object] = field(default_factory=dict)


def find(parameters: Sequence[nodes.Parameter], name: str) -> nodes.Parameter | None:
    """The parameter of that name, alias or unambiguous beginning."""
    wanted = name.casefold()
    for one in parameters:
        if wanted == one.name.casefold() or wanted in (alias.casefold() for alias in one.aliases):
            return one
    found = [one for one in parameters if wanted and one.name.casefold().startswith(wanted)]
    return found[0] if len(found) == 1 else None


def common_name(name: str) -> str | None:
    """The full name of a common parameter, from its name, alias or beginning."""
    wanted = name.casefold()
    known = _COMMON_VALUES | COMMON_SWITCHES
    for full, alias in known.items():
        if wanted in (full, alias):
            return full
    begun = [full for full in known if len(wanted) > 2 and full.startswith(wanted)]
    return begun[0] if len(begun) == 1 else None


def bind(block: nodes.Block, arguments: Sequence[Parameter], convert: Convert, name: str) -> Bound:
    """Arguments by parameter name, converted to the declared types.

    Raises:
        ScriptError: NamedParameterNotFound, PositionalParameterNotFound, ParameterAlreadyBound,
            MissingMandatoryParameter or ParameterArgumentTransformationError, each with the command's ``name``.
    """
    binder = _Binder(block, convert, name)
    binder.take(arguments)
    return binder.bound


class _Binder:
    def __init__(self, block: nodes.Block, convert: Convert, name: str) -> None:
        self.bound = Bound()
        self._block = block
        self._convert = convert
        self._name = name

    def take(self, arguments: Sequence[Parameter]) -> None:
        for one in arguments:
            if one.name is not None:
                self._take_named(one.name, one.value)
        free = [one for one in self._places() if one.name not in self.bound.values]
        for value in (one.value for one in arguments if one.name is None):
            if free:
                self._set(free.pop(0), value)
                continue
            if self._block.advanced:
                text = f"A positional parameter cannot be found that accepts argument '{to_text(value)}'."
                raise self._error("PositionalParameterNotFound", text)
            self.bound.rest.append(value)
        self._require()

    def _places(self) -> list[nodes.Parameter]:
        """The parameters that take values by position, in their order."""
        open_ones = [one for one in self._block.parameters if not one.switch]
        placed = [one for one in open_ones if one.position is not None]
        return sorted(placed, key=lambda one: one.position or 0) if placed else open_ones

    def _take_named(self, name: str, value: object) -> None:
        parameter = find(self._block.parameters, name)
        if parameter is not None:
            if parameter.name in self.bound.values:
                text = f"Cannot bind parameter because parameter '{parameter.name}' is specified more than once."
                raise self._error("ParameterAlreadyBound", text)
            self._set(parameter, value)
            return
        common = common_name(name) if self._block.advanced else None
        if common:
            self.bound.common[common] = value
            return
        if self._block.advanced:
            text = f"A parameter cannot be found that matches parameter name '{name}'."
            raise self._error("NamedParameterNotFound", text)
        self.bound.rest += [f"-{name}"] if value is True else [f"-{name}", value]

    def _set(self, parameter: nodes.Parameter, value: object) -> None:
        value = whole(value)
        if parameter.switch and value is None:
            value = True
        for kind in reversed(parameter.types):
            try:
                value = self._convert(value, kind)
            except ScriptError as error:
                if error.record.fq_id == "TypeNotSupported":
                    raise
                text = f"Cannot process argument transformation on parameter '{parameter.name}'. {error}"
                raise self._error("ParameterArgumentTransformationError", text) from error
        self._validate(parameter, value)
        self.bound.values[parameter.name] = value

    def _validate(self, parameter: nodes.Parameter, value: object) -> None:
        head = f"Cannot validate argument on parameter '{parameter.name}'."
        if parameter.allowed and not any(to_text(value).casefold() == one.casefold() for one in parameter.allowed):
            text = (
                f'{head} The argument "{to_text(value)}" does not belong to the set "{",".join(parameter.allowed)}" '
                "specified by the ValidateSet attribute."
            )
            raise self._error("ParameterArgumentValidationError", text)
        if parameter.not_empty and (value is None or value in ("", [])):
            raise self._error("ParameterArgumentValidationError", f"{head} The argument is null or empty.")
        if parameter.mandatory and (value is None or value == ""):
            kind, word = ("Null", "null") if value is None else ("EmptyString", "an empty string")
            text = f"Cannot bind argument to parameter '{parameter.name}' because it is {word}."
            raise self._error(f"ParameterArgumentValidationError{kind}NotAllowed", text)

    def _require(self) -> None:
        missing = [
            one.name
            for one in self._block.parameters
            if one.mandatory and one.name not in self.bound.values and not one.from_pipeline
        ]
        if missing:
            names = " ".join(missing)
            text = f"Cannot process command because of one or more missing mandatory parameters: {names}."
            raise self._error("MissingMandatoryParameter", text)

    def _error(self, fq_id: str, message: str) -> ScriptError:
        full = f"{fq_id},{self._name}" if self._name else fq_id
        return failure(message, full, INVALID_ARGUMENT, reason="ParameterBindingException")
