"""The elements of an answer file with the places of their tags in the text."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from harness.core.unattend._decode import Source
from harness.core.unattend._problems import AnswerFileError, FileProblem

__all__ = ["CPI", "UNATTEND", "Element", "parse"]

UNATTEND = "urn:schemas-microsoft-com:unattend"
CPI = "urn:schemas-microsoft-com:cpi"
_NAME = re.compile(r"<([^\s/>]+)")
_TAG = re.compile(r"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


@dataclass(slots=True)
class Element:
    """One element. Places are indices into the text: ``start`` of "<", ``inside`` behind the start tag, ``close`` of
    "</", ``end`` behind the end tag. ``empty``: it is one tag, such as <ProductKey/>, and the last three are the same.
    """

    space: str
    name: str
    attributes: dict[str, str]
    start: int
    inside: int
    close: int
    end: int
    empty: bool
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Element"]:
        """Its children of that name in the namespace of answer files."""
        return (child for child in self.children if child.name == name and child.space == UNATTEND)

    def tag(self, text: str) -> str:
        """Its name as written, with its prefix."""
        match = _NAME.match(text, self.start)
        assert match is not None
        return match[1]

    def sibling(self, text: str, name: str) -> str:
        """Another name with the same prefix."""
        prefix, colon, _ = self.tag(text).rpartition(":")
        return f"{prefix}{colon}{name}"


def parse(source: Source) -> Element:
    """The root element.

    Raises:
        AnswerFileError: not well-formed, or with a document type, which setup has no use for.
    """
    raw = source.text.encode("utf-8")
    reader = _Reader(source, raw)
    try:
        reader.parser.Parse(raw, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        place = source.place(reader.index(max(reader.parser.ErrorByteIndex, 0)))
        problem = FileProblem(place, "not_well_formed", f"This is no well-formed XML: {what}.", "Correct it here.")
        raise AnswerFileError([problem]) from None
    assert reader.root is not None
    return reader.root


class _Reader:
    def __init__(self, source: Source, raw: bytes) -> None:
        self._source = source
        self._raw = raw
        self._wide = [i for i, byte in enumerate(raw) if byte & 0xC0 == 0x80]
        self._open: list[Element] = []
        self.root: Element | None = None
        # expat reads the declared encoding itself unless told; the text is UTF-8 here whatever the file is
        self.parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def index(self, byte: int) -> int:
        """The character at a byte: continuation bytes before it do not count."""
        return byte - bisect_right(self._wide, byte - 1)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        start = self.index(self.parser.CurrentByteIndex)
        tag = _TAG.match(self._source.text, start)
        assert tag is not None
        end = tag.end()
        element = Element(space, local, attributes, start, end, end, end, tag[0].endswith("/>"))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if not element.empty:
            element.close = self.index(self.parser.CurrentByteIndex)
            element.end = self._source.text.index(">", element.close) + 1

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text

    def _doctype(self, *_: object) -> None:
        start = self._source.text.rindex("<!DOCTYPE", 0, self.index(self.parser.CurrentByteIndex) + len("<!DOCTYPE"))
        place = self._source.place(start)
        message = "An answer file has no document type."
        raise AnswerFileError([FileProblem(place, "doctype", message, "Take the <!DOCTYPE ...> out.")])
