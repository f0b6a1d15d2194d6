"""YAML text to nodes, and what is not well formed, told in the harness's own words.

ruamel.yaml's own messages may quote pieces of a value, which may be a secret: they go no further than this module.
"""

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from harness.core.model import Place
from harness.lab._problems import LabFileError, Problem

__all__ = ["compose"]

_DEEPEST = 64


def compose(file: str, text: str) -> Node | None:
    """The root node of the one document in ``text``; None where there is none.

    Raises:
        LabFileError: the text is not well-formed YAML; ruamel.yaml stops at the first place.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(text)
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = "A control character stands here, which YAML does not allow."
        raise LabFileError([Problem(Place(file, line, column), "yaml_syntax", message, "Remove it.")]) from None
    except MarkedYAMLError as error:
        raise LabFileError([_syntax_problem(file, text, error)]) from None
    except YAMLError:
        raise LabFileError([Problem(Place(file, 1, 1), "yaml_syntax", "This is not YAML.")]) from None
    return node


_SYNTAX = (
    ("undefined alias", "This alias has no anchor before it.", "Quote a text that begins with `*`."),
    ("another document", "A second document begins here.", "Keep one document per file."),
    (
        "mapping values are not allowed",
        "A `:` stands where no key can be.",
        "Quote the text, or check the indentation.",
    ),
    ("unexpected end of stream", "The quotation that begins here never ends.", "Add the closing quote."),
    ("maximum depth", "The nesting is too deep.", ""),
    ("cannot start any token", "This character cannot begin a value.", "Quote the text."),
    ("could not find expected ':'", "This key has no `:`.", "Add `:` after it."),
    (
        "expected <block end>",
        "This line does not fit the indentation of the lines above.",
        "Align it with its siblings.",
    ),
    ("expected the node content", "A value is missing here.", "Give a value, or remove the comma."),
    ("expected ',' or", "A list or mapping in brackets is not closed before this place.", "Close the bracket."),
    ("unknown escape", "This backslash escape is unknown.", "Use single quotes for a text with backslashes."),
)


def _syntax_problem(file: str, text: str, error: MarkedYAMLError) -> Problem:
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and ("end of stream" in problem or "expected ':'" in problem):
        mark = error.context_mark
    tab = _tab_in_indentation(text, mark.line)
    if tab is not None:
        place = Place(file, tab[0] + 1, tab[1] + 1)
        return Problem(place, "tab", "A tab stands in the indentation.", "YAML indents with spaces.")
    place = Place(file, mark.line + 1, mark.column + 1)
    for beginning, message, advice in _SYNTAX:
        if beginning in problem:
            return Problem(place, "yaml_syntax", message, advice)
    return Problem(place, "yaml_syntax", "The YAML is not well formed here.", "Check indentation, quotes and brackets.")


def _tab_in_indentation(text: str, last: int) -> tuple[int, int] | None:
    for number in range(last, max(last - 2, -1), -1):
        lines = text.splitlines()
        line = lines[number] if number < len(lines) else ""
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation:
            return number, indentation.index("\t")
    return None
