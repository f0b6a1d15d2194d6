"""An answer file's bytes as text, so that the same text gives the same bytes again."""

import codecs
import re
from dataclasses import dataclass

from harness.core.model import Place
from harness.core.unattend._problems import AnswerFileError, FileProblem

__all__ = ["Source", "read_source"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""^<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_WIDE = ("utf-16", "utf16", "utf-32", "utf32", "ucs-2", "iso-10646")
_BARE = ("utf-16-le", "utf-16-be")
"""What ``_encoding`` itself finds, by mark or by the first character."""
_MOST = 4 << 20
_LINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Source:
    """The file as text. ``mark`` is its byte order mark; ``encoding`` a codec without one."""

    name: str
    text: str
    mark: bytes
    encoding: str

    def bytes_of(self, text: str) -> bytes:
        """Another text as a file of the same kind."""
        return self.mark + text.encode(self.encoding)

    def place(self, index: int) -> Place:
        """Line and column, both from 1, of a character; CR, LF and CRLF each end a line."""
        ends = [match.end() for match in _LINE.finditer(self.text, 0, index)]
        return Place(self.name, len(ends) + 1, index - (ends[-1] if ends else 0) + 1)

    @property
    def newline(self) -> str:
        """The file's own line break; empty where everything stands on one line."""
        match = _LINE.search(self.text)
        return match[0] if match else ""


def read_source(data: bytes, name: str) -> Source:
    """The text of a file.

    Raises:
        AnswerFileError: an encoding that is unknown, that the bytes do not fit, or that would not give them back.
    """
    if len(data) > _MOST:
        raise AnswerFileError([_problem(name, "too_large", "This is larger than any answer file.", "Check the path.")])
    mark, encoding = _encoding(data)
    body = data[len(mark) :]
    if encoding.startswith(_WIDE) and encoding not in _BARE:
        message, advice = f"The file says {encoding} and is not.", "Save it as UTF-8, or as UTF-16 with its mark."
        raise AnswerFileError([_problem(name, "wrong_encoding", message, advice)])
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except LookupError:
        message, advice = f"The declared encoding {encoding} is unknown.", "Save the file as UTF-8."
        raise AnswerFileError([_problem(name, "unknown_encoding", message, advice)]) from None
    except UnicodeDecodeError as error:
        good = Source(name, body[: error.start].decode(encoding, "ignore"), mark, encoding)
        message = f"The bytes here are not {encoding}, which the file says it is."
        place = good.place(len(good.text))
        raise AnswerFileError([FileProblem(place, "wrong_encoding", message, "Save the file as UTF-8.")]) from None
    if not same:
        message = f"Text in {encoding} cannot be written back byte for byte."
        raise AnswerFileError([_problem(name, "encoding_not_exact", message, "Save the file as UTF-8.")])
    return Source(name, text, mark, encoding)


def _encoding(data: bytes) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return mark, encoding
    if data.startswith(b"<\x00"):
        return b"", "utf-16-le"
    if data.startswith(b"\x00<"):
        return b"", "utf-16-be"
    declared = _DECLARED.match(data)
    return b"", declared[1].decode("ascii").lower() if declared else "utf-8"


def _problem(name: str, code: str, message: str, advice: str) -> FileProblem:
    return FileProblem(Place(name, 1, 1), code, message, advice)
