"""The key alone, changed in an answer file that exists: every other byte stays."""

import re
from dataclasses import dataclass
from enum import StrEnum

from harness.core.catalogue import key_by_tail
from harness.core.unattend._decode import Source, read_source
from harness.core.unattend._problems import AnswerFileError
from harness.core.unattend._rules import SHELL, SPECIALIZE, problems_of
from harness.core.unattend._tree import Element, parse
from harness.core.unattend._wanted import KEY, Wanted

__all__ = ["Change", "Patched", "patch"]

_ASIDE = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_COMPONENT = (
    'name="Microsoft-Windows-Shell-Setup" processorArchitecture="{architecture}" publicKeyToken="31bf3856ad364e35" '
    'language="neutral" versionScope="nonSxS"'
)


class Change(StrEnum):
    """What was done: nothing, another key put in the place of one, or a missing part added."""

    NONE = "none"
    REPLACED = "replaced"
    FILLED = "filled"
    ADDED_KEY = "added_key"
    ADDED_COMPONENT = "added_component"
    ADDED_PASS = "added_pass"  # noqa: S105 - a configuration pass


@dataclass(frozen=True, slots=True)
class Patched:
    """The file afterwards. Text from ``start`` to ``end`` of the old file made way for ``inserted``; ``line`` and
    ``column``, from 1, are where that is. ``before`` names the key that stood there, by its tail unless it is public.
    """

    data: bytes
    change: Change
    start: int
    end: int
    inserted: str
    line: int
    column: int
    before: str | None
    encoding: str


def patch(data: bytes, wish: Wanted, name: str = "unattend.xml") -> Patched:
    """Put the key of ``wish`` into pass specialize, Microsoft-Windows-Shell-Setup, ProductKey.

    Args:
        data: the file as it is, in any encoding that gives the same bytes back.
        wish: from ``wanted``.
        name: the file's name in messages.

    Raises:
        AnswerFileError: setup would not take the file; each reason with line and column.
    """
    source = read_source(data, name)
    root = parse(source)
    problems = list(problems_of(source, root, wish))
    if problems:
        raise AnswerFileError(problems)
    change, start, end, inserted, before = _edit(source, root, wish)
    text = source.text[:start] + inserted + source.text[end:]
    place = source.place(start)
    patched = source.bytes_of(text) if change is not Change.NONE else data
    return Patched(patched, change, start, end, inserted, place.line, place.column, before, source.encoding)


Edit = tuple[Change, int, int, str, str | None]


def _edit(source: Source, root: Element, wish: Wanted) -> Edit:
    settings = next((s for s in root.all("settings") if s.attributes.get("pass") == SPECIALIZE), None)
    if settings is None:
        return _add(source, root, _settings(source, root, wish), Change.ADDED_PASS, after="settings")
    component = next((c for c in settings.all("component") if _is_shell(c, wish)), None)
    if component is None:
        block = _component(source, settings, wish)
        return _add(source, settings, block, Change.ADDED_COMPONENT, after="component")
    key = next(component.all("ProductKey"), None)
    if key is None:
        tag = component.sibling(source.text, "ProductKey")
        return _add(source, component, [f"<{tag}>{wish.key}</{tag}>"], Change.ADDED_KEY)
    return _fill(source, key, wish)


def _is_shell(component: Element, wish: Wanted) -> bool:
    told = component.attributes
    return told["name"] == SHELL and told["processorArchitecture"].casefold() == wish.architecture


def _fill(source: Source, key: Element, wish: Wanted) -> Edit:
    """The key's own characters, if they can be told apart from blanks and comments; else all that stands there."""
    text = source.text
    if key.empty:
        start = len(text[: key.end].removesuffix("/>").rstrip())
        tag = key.tag(text)
        return Change.FILLED, start, key.end, f">{wish.key}</{tag}>", None
    bare = _ASIDE.sub(lambda match: " " * len(match[0]), text[key.inside : key.close])
    found = list(KEY.finditer(bare))
    told = key.text.strip()
    if len(found) == 1 and found[0][0] == told:
        start, end = key.inside + found[0].start(), key.inside + found[0].end()
    else:
        start, end = key.inside, key.close
    if text[start:end] == wish.key:
        return Change.NONE, start, end, wish.key, wish.key
    return (Change.REPLACED if told else Change.FILLED), start, end, wish.key, _shown(told) if told else None


def _shown(key: str) -> str:
    """A public key as it is, any other by its tail, and what is no key not at all."""
    if not KEY.fullmatch(key):
        return "no key"
    row = key_by_tail(key[-5:])
    return row.key if row is not None and row.key == key.upper() else f"...{key[-5:].upper()}"


# -- adding what is missing, in the file's own manner -----------------------------------------------------------------


def _settings(source: Source, root: Element, wish: Wanted) -> list[str]:
    inner = _component(source, root, wish)
    tag = root.sibling(source.text, "settings")
    unit = _unit(source, root)
    return [f'<{tag} pass="{SPECIALIZE}">', *(unit + line for line in inner), f"</{tag}>"]


def _component(source: Source, near: Element, wish: Wanted) -> list[str]:
    tag, key = near.sibling(source.text, "component"), near.sibling(source.text, "ProductKey")
    attributes = _COMPONENT.format(architecture=wish.architecture)
    unit = _unit(source, near)
    return [f"<{tag} {attributes}>", f"{unit}<{key}>{wish.key}</{key}>", f"</{tag}>"]


def _add(source: Source, parent: Element, block: list[str], change: Change, *, after: str = "") -> Edit:
    """A new last child: behind the last one of its kind, else behind the last one, else right inside."""
    text, newline = source.text, source.newline
    kin = [child for child in parent.children if child.name == after] or parent.children
    indent = _indent(text, kin[-1]) if kin else _indent(text, parent) + _unit(source, parent)
    lines = "".join(f"{newline}{indent}{line}" if newline else line.strip() for line in block)
    if parent.empty:
        start = len(text[: parent.end].removesuffix("/>").rstrip())
        closing = f"{newline}{_indent(text, parent)}" if newline else ""
        return change, start, parent.end, f">{lines}{closing}</{parent.tag(text)}>", None
    at = kin[-1].end if kin else parent.inside
    on_one_line = not kin and newline and not re.search(r"[\r\n]", text[parent.inside : parent.close])
    closing = f"{newline}{_indent(text, parent)}" if on_one_line else ""
    return change, at, at, lines + closing, None


def _indent(text: str, element: Element) -> str:
    """The blanks before a tag, where it begins its line."""
    head = re.split(r"[\r\n]", text[: element.start])[-1]
    return head if not head.strip() else re.match(r"\s*", head)[0]  # type: ignore[index] # it always matches


def _unit(source: Source, element: Element) -> str:
    """One step of indentation, as the file does it: what a child has more than its parent."""
    text = source.text
    for child in element.children:
        here, there = _indent(text, element), _indent(text, child)
        if there.startswith(here) and len(there) > len(here):
            return there[len(here) :]
    return "\t" if "\n\t" in text else "  "
