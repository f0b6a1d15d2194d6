"""`avma unattend`: an answer file with the right AVMA key."""

import sys
from pathlib import Path

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.core.unattend import Patched, Wanted, patch, render

__all__ = ["unattend"]


def unattend(options: Options, file: str | None, wish: Wanted, write: str | None) -> int:
    """A new file, or ``file`` with its key changed; to ``write``, else to stdout."""
    done = patch(_read(file), wish, file) if file is not None else None
    data = done.data if done is not None else render(wish).encode()
    if write is not None:
        _write(Path(write), data)
    if options.output is not Output.TEXT:
        options.document(_document(wish, done, data, write))
    elif write is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    if done is not None or write is not None:
        options.talk().print(_sentence(wish, done, write), markup=False)
    return 0


def _document(wish: Wanted, done: Patched | None, data: bytes, write: str | None) -> dict[str, object]:
    """avma/unattend/1; the file itself only where it was not written elsewhere."""
    encoding = done.encoding if done else "utf-8"
    return {
        "schema": "avma/unattend/1",
        "os_version": wish.release,
        "edition": wish.edition,
        "architecture": wish.architecture,
        "language": wish.language,
        "key": wish.key,
        "change": done.change.value if done else "rendered",
        "before": done.before if done else None,
        "line": done.line if done else None,
        "column": done.column if done else None,
        "encoding": encoding,
        "written": write,
        "content": data.decode(encoding) if write is None else None,
    }


def _sentence(wish: Wanted, done: Patched | None, write: str | None) -> str:
    where = f" in {write}" if write else ""
    if done is None:
        return f"Written{where}: the AVMA key of {wish.release} {wish.edition}, {wish.key}."
    words = {
        "none": "The right key was there already; nothing changed",
        "replaced": f"{done.before} made way for {wish.key}",
        "filled": f"The empty ProductKey now holds {wish.key}",
        "added_key": f"A ProductKey with {wish.key} was added",
        "added_component": f"The component Microsoft-Windows-Shell-Setup with {wish.key} was added",
        "added_pass": f"The pass specialize with {wish.key} was added",
    }
    return f"{words[done.change.value]}{where}, line {done.line}, column {done.column}."


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.", target=file, hint="Give a readable file, or -."
        ) from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"The file cannot be written: {error.strerror}.", target=str(path), hint="Give a writable path."
        ) from error
