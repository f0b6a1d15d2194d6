"""What a script says, once read: expressions and statements as plain records, each with the line it stands on."""

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "Argument",
    "ArrayExpression",
    "ArrayLiteral",
    "Assign",
    "Binary",
    "Block",
    "Cast",
    "Catch",
    "Command",
    "Expandable",
    "Expression",
    "Flow",
    "For",
    "ForEach",
    "Function",
    "HashLiteral",
    "If",
    "Index",
    "Invoke",
    "Literal",
    "Logical",
    "Member",
    "Parameter",
    "Parenthesized",
    "Pipeline",
    "Redirection",
    "ScriptBlockLiteral",
    "Statement",
    "Step",
    "SubExpression",
    "Try",
    "TypeLiteral",
    "TypeName",
    "Unary",
    "Variable",
    "While",
]


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as the script wrote it, lower case and without ``System.``; ``array`` for ``[int[]]``."""

    name: str
    array: bool = False

    def __str__(self) -> str:
        return f"{self.name}[]" if self.array else self.name


@dataclass(frozen=True, slots=True)
class Literal:
    value: object


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name``, with the scope or drive before the colon (``script``, ``global``, ``env``, …) lower case, or ""."""

    name: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Expandable:
    """A double-quoted string: literal pieces and the expressions between them."""

    parts: tuple["str | Expression", ...]


@dataclass(frozen=True, slots=True)
class HashLiteral:
    entries: tuple[tuple["Expression", "Statement"], ...]


@dataclass(frozen=True, slots=True)
class ArrayLiteral:
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class ArrayExpression:
    body: tuple["Statement", ...]


@dataclass(frozen=True, slots=True)
class SubExpression:
    body: tuple["Statement", ...]


@dataclass(frozen=True, slots=True)
class Parenthesized:
    statement: "Statement"


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: "Expression"
    line: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and an operator, its name lower case and with its dash, as ``-eq``."""

    operator: str
    left: "Expression"
    right: "Expression"
    line: int


@dataclass(frozen=True, slots=True)
class Logical:
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Cast:
    type: TypeName
    operand: "Expression"
    line: int


@dataclass(frozen=True, slots=True)
class TypeLiteral:
    type: TypeName


@dataclass(frozen=True, slots=True)
class Member:
    target: "Expression"
    name: "Expression"
    static: bool
    line: int


@dataclass(frozen=True, slots=True)
class Index:
    target: "Expression"
    index: "Expression"
    line: int


@dataclass(frozen=True, slots=True)
class Invoke:
    """A method call, ``$x.Split(',')`` or ``[scriptblock]::Create($text)``."""

    target: "Expression"
    name: str
    arguments: tuple["Expression", ...]
    static: bool
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """``$i++`` and its three sisters."""

    target: "Expression"
    by: int
    prefix: bool
    line: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of ``param()``: ``types`` in the order they convert; ``position`` as attributed, if at all."""

    name: str
    types: tuple[TypeName, ...] = ()
    default: "Expression | None" = None
    mandatory: bool = False
    position: int | None = None
    from_pipeline: bool = False
    aliases: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    not_empty: bool = False

    @property
    def switch(self) -> bool:
        return any(one.name == "switch" and not one.array for one in self.types)


@dataclass(frozen=True, slots=True)
class Block:
    """The inside of a script, a function or braces. ``text`` is what a remote command would send."""

    text: str
    line: int
    parameters: tuple[Parameter, ...] = ()
    begin: tuple["Statement", ...] = ()
    process: tuple["Statement", ...] | None = None
    end: tuple["Statement", ...] = ()
    advanced: bool = False


@dataclass(frozen=True, slots=True)
class ScriptBlockLiteral:
    block: Block


@dataclass(frozen=True, slots=True)
class Argument:
    """A piece of a command line: ``name`` without its dash; ``value`` None for a switch or before a bound value."""

    name: str | None
    value: "Expression | None"
    splat: bool = False


@dataclass(frozen=True, slots=True)
class Redirection:
    """``2>$null`` is (source 2, target None); ``2>&1`` is (source 2, target 1); source ``*`` stands for all."""

    source: str
    target: int | None


@dataclass(frozen=True, slots=True)
class Command:
    """``operator`` is "" for a plain name, ``&`` or ``.`` otherwise."""

    operator: str
    name: "Expression"
    arguments: tuple[Argument, ...]
    redirections: tuple[Redirection, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    elements: tuple["Expression | Command", ...]
    line: int
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Assign:
    target: "Expression"
    operator: str
    value: "Statement"
    line: int


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple["Statement", tuple["Statement", ...]], ...]
    otherwise: tuple["Statement", ...]
    line: int


@dataclass(frozen=True, slots=True)
class ForEach:
    variable: Variable
    source: "Statement"
    body: tuple["Statement", ...]
    line: int


@dataclass(frozen=True, slots=True)
class For:
    start: "Statement | None"
    condition: "Statement | None"
    step: "Statement | None"
    body: tuple["Statement", ...]
    line: int


@dataclass(frozen=True, slots=True)
class While:
    """``while``, ``do … while`` (``after``) and ``do … until`` (``after`` and ``negated``)."""

    condition: "Statement"
    body: tuple["Statement", ...]
    after: bool
    negated: bool
    line: int


@dataclass(frozen=True, slots=True)
class Catch:
    types: tuple[TypeName, ...]
    body: tuple["Statement", ...]


@dataclass(frozen=True, slots=True)
class Try:
    body: tuple["Statement", ...]
    catches: tuple[Catch, ...]
    cleanup: tuple["Statement", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    block: Block
    line: int


@dataclass(frozen=True, slots=True)
class Flow:
    """``return``, ``throw``, ``break``, ``continue`` or ``exit``."""

    kind: str
    value: "Statement | None"
    line: int = field(default=0)


Expression: TypeAlias = (
    Literal
    | Variable
    | Expandable
    | HashLiteral
    | ArrayLiteral
    | ArrayExpression
    | SubExpression
    | Parenthesized
    | Unary
    | Binary
    | Logical
    | Cast
    | TypeLiteral
    | Member
    | Index
    | Invoke
    | Step
    | ScriptBlockLiteral
)
Statement: TypeAlias = Pipeline | Assign | If | ForEach | For | While | Try | Function | Flow
