"""Role capability files (.psrc): a hashtable of constants that says which commands an endpoint shows.

Shape and keys after Microsoft Learn "JEA Role Capabilities" and PowerShell's InitialSessionStateProvider.cs, read
2026-11-22: entries of VisibleCmdlets and VisibleFunctions are names, or tables with a name and its parameters; rules
for one parameter from several entries come together; a pattern must match the whole value; a pattern beats a set.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from harness.sim.script import ScriptNotSupportedError, ScriptParseError, parse
from harness.sim.script import _nodes as nodes

__all__ = ["ParameterRule", "Role", "RoleError", "VisibleCommand", "parse_role", "role_text"]

_SUFFIX = ".psrc"
_INFORMATIVE = frozenset({"guid", "author", "companyname", "copyright", "description", "modulestoimport"})
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}


class RoleError(ValueError):
    """A role that is no role, or that asks for more than the lab knows."""


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """One visible parameter. ``choices`` is its ValidateSet, ``patterns`` its ValidatePattern; empty for any value."""

    name: str
    choices: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisibleCommand:
    """One visible command: a name, perhaps behind its module's or with wildcards. ``parameters`` None: all of them."""

    name: str
    parameters: tuple[ParameterRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """What an endpoint shows beside the eight commands that every restricted endpoint has."""

    cmdlets: tuple[VisibleCommand, ...] = ()
    functions: tuple[VisibleCommand, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[VisibleCommand, ...]:
        return (*self.cmdlets, *self.functions)


def role_text(name: str) -> str:
    """The text of a role that ships with the lab (``AvmaHarness``), or of a file whose path ends in ``.psrc``.

    Raises:
        RoleError: there is no such role or file.
    """
    path = Path(name) if name.endswith(_SUFFIX) else files("harness.sim") / "data" / "roles" / f"{name}{_SUFFIX}"
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RoleError(f"there is no role {name!r}") from error


@lru_cache(maxsize=64)
def parse_role(text: str) -> Role:
    """Read a role capability file.

    Raises:
        RoleError: the text is no table of constants, or has a key that the lab does not know; the message names it.
    """
    try:
        body = parse(text).block.end
    except (ScriptParseError, ScriptNotSupportedError) as error:
        raise RoleError(str(error)) from error
    found = [_statement(statement) for statement in body]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise RoleError("a role capability file holds one hashtable")
    table = {str(key).casefold(): value for key, value in found[0].items()}
    unknown = table.keys() - _INFORMATIVE - {"visiblecmdlets", "visiblefunctions", "visiblealiases"}
    if unknown:
        raise RoleError(f"the lab does not know what {sorted(unknown)[0]} means in a role")
    return Role(
        cmdlets=_commands(table.get("visiblecmdlets")),
        functions=_commands(table.get("visiblefunctions")),
        aliases=tuple(_texts(table.get("visiblealiases"))),
    )


# -- constants out of a script's tree ----------------------------------------------------------------------------------


def _statement(statement: nodes.Statement) -> object:
    if not isinstance(statement, nodes.Pipeline) or len(statement.elements) != 1:
        raise RoleError("a role capability file holds constants only")
    element = statement.elements[0]
    if isinstance(element, nodes.Command):
        raise RoleError("a role capability file holds constants only")
    return _constant(element)


def _constant(expression: nodes.Expression) -> object:
    match expression:
        case nodes.Literal(value):
            return value
        case nodes.Variable(name, "") if name.casefold() in _CONSTANTS:
            return _CONSTANTS[name.casefold()]
        case nodes.HashLiteral(entries):
            return {str(_constant(key)): _statement(value) for key, value in entries}
        case nodes.ArrayLiteral(items):
            return [_constant(item) for item in items]
        case nodes.ArrayExpression(body):
            return [item for statement in body for item in _items(_statement(statement))]
    raise RoleError("a role capability file holds constants only")


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _texts(value: object) -> Iterator[str]:
    return (str(item) for item in _items(value) if item != "")


# -- constants to rules ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Rules:
    choices: dict[str, None] = field(default_factory=dict)
    patterns: dict[str, None] = field(default_factory=dict)


def _commands(value: object) -> tuple[VisibleCommand, ...]:
    plain: list[VisibleCommand] = []
    limited: dict[str, tuple[str, dict[str, tuple[str, _Rules]]]] = {}
    for item in _items(value):
        if isinstance(item, str):
            plain.append(VisibleCommand(item))
            continue
        table = {str(key).casefold(): part for key, part in item.items()} if isinstance(item, dict) else {}
        name, parameters = table.get("name"), _items(table.get("parameters"))
        if not isinstance(name, str) or not parameters:
            raise RoleError("a visible command is a name, or a table with Name and Parameters")
        _, rules = limited.setdefault(name.casefold(), (name, {}))
        for parameter in parameters:
            _add_rule(rules, parameter)
    return (
        *plain,
        *(
            VisibleCommand(
                name, tuple(ParameterRule(shown, tuple(r.choices), tuple(r.patterns)) for shown, r in rules.values())
            )
            for name, rules in limited.values()
        ),
    )


def _add_rule(rules: dict[str, tuple[str, _Rules]], parameter: object) -> None:
    table = {str(key).casefold(): part for key, part in parameter.items()} if isinstance(parameter, dict) else {}
    name = table.get("name")
    if not isinstance(name, str) or table.keys() - {"name", "validateset", "validatepattern"}:
        raise RoleError("a visible parameter is a table with Name and perhaps ValidateSet or ValidatePattern")
    _, found = rules.setdefault(name.casefold(), (name, _Rules()))
    found.choices |= dict.fromkeys(_texts(table.get("validateset")))
    found.patterns |= dict.fromkeys(_texts(table.get("validatepattern")))
