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

__all__ = ["COMMON_SWITCHES", "Bound", "bind", "find"]

COMMON_VALUES = {"erroraction": "ea", "errorvariable": "ev", "warningaction": "wa", "informationaction": "infa",
                 "outvariable": "ov", "warningvariable": "wv"}  # fmt: skip
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
    known = COMMON_VALUES | COMMON_SWITCHES
    exact = [full for full, alias in known.items() if wanted in (full, alias)]
    begun = [full for full in known if len(wanted) > 2 and full.startswith(wanted)]
    return (exact or (begun if len(begun) == 1 else [None]))[0]


def bind(block: nodes.Block, arguments: Sequence[Parameter], convert: Convert, name: str) -> Bound:
    """Arguments by parameter name, converted to the declared types.

    Raises:
        ScriptError: NamedParameterNotFound, PositionalParameterNotFound, ParameterAlreadyBound,
            MissingMandatoryParameter or ParameterArgumentTransformationError, each behind ``,name``.
    """
    bound = Bound()
    positional: list[object] = []
    for one in arguments:
        if one.name is None:
            positional.append(one.value)
        else:
            _bind_named(block, one, bound, convert, name)
    free = [one for one in _by_position(block) if one.name not in bound.values]
    for value in positional:
        if free:
            _set(free.pop(0), value, bound, convert, name)
        elif block.advanced:
            raise _error("PositionalParameterNotFound", name,
                         f"A positional parameter cannot be found that accepts argument '{to_text(value)}'.")  # fmt: skip
        else:
            bound.rest.append(value)
    _require(block, bound, name)
    return bound


def _by_position(block: nodes.Block) -> list[nodes.Parameter]:
    open_ones = [one for one in block.parameters if not one.switch]
    if any(one.position is not None for one in open_ones):
        return sorted((one for one in open_ones if one.position is not None), key=lambda one: one.position or 0)
    return open_ones


def _bind_named(block: nodes.Block, one: Parameter, bound: Bound, convert: Convert, name: str) -> None:
    assert one.name is not None
    parameter = find(block.parameters, one.name)
    if parameter is not None:
        if parameter.name in bound.values:
            raise _error("ParameterAlreadyBound", name,
                         f"Cannot bind parameter because parameter '{parameter.name}' is specified more than once.")  # fmt: skip
        _set(parameter, one.value, bound, convert, name)
        return
    common = common_name(one.name) if block.advanced else None
    if common:
        bound.common[common] = one.value
    elif block.advanced or block.parameters:
        if not block.advanced:
            bound.rest += [f"-{one.name}", one.value]
            return
        raise _error("NamedParameterNotFound", name,
                     f"A parameter cannot be found that matches parameter name '{one.name}'.")  # fmt: skip
    else:
        bound.rest += [f"-{one.name}"] if one.value is True else [f"-{one.name}", one.value]


def _set(parameter: nodes.Parameter, value: object, bound: Bound, convert: Convert, name: str) -> None:
    value = whole(value)
    for kind in reversed(parameter.types):
        try:
            value = convert(True if kind.name == "switch" and value is None else value, kind)  # noqa: FBT003
        except ScriptError as error:
            if error.record.fq_id == "TypeNotSupported":
                raise
            raise _error("ParameterArgumentTransformationError", name,
                         f"Cannot process argument transformation on parameter '{parameter.name}'. {error}") from error  # fmt: skip
    if parameter.allowed and not any(to_text(value).casefold() == one.casefold() for one in parameter.allowed):
        raise _error("ParameterArgumentValidationError", name,
                     f"Cannot validate argument on parameter '{parameter.name}'. The argument \"{to_text(value)}\" does "
                     f'not belong to the set "{",".join(parameter.allowed)}" specified by the ValidateSet attribute.')  # fmt: skip
    if parameter.not_empty and value in (None, "", []):
        raise _error("ParameterArgumentValidationError", name,
                     f"Cannot validate argument on parameter '{parameter.name}'. The argument is null or empty.")  # fmt: skip
    if parameter.mandatory and value in (None, ""):
        word = "an empty string" if value == "" else "null"
        suffix = "EmptyString" if value == "" else "Null"
        raise _error(f"ParameterArgumentValidationError{suffix}NotAllowed", name,
                     f"Cannot bind argument to parameter '{parameter.name}' because it is {word}.")  # fmt: skip
    bound.values[parameter.name] = value


def _require(block: nodes.Block, bound: Bound, name: str) -> None:
    missing = [one.name for one in block.parameters
               if one.mandatory and one.name not in bound.values and not one.from_pipeline]  # fmt: skip
    if missing:
        raise _error("MissingMandatoryParameter", name,
                     "Cannot process command because of one or more missing mandatory parameters: "
                     f"{' '.join(missing)}.")  # fmt: skip


def _error(fq_id: str, name: str, message: str) -> ScriptError:
    return failure(message, f"{fq_id},{name}" if name else fq_id, INVALID_ARGUMENT,
                   reason="ParameterBindingException")  # fmt: skip
