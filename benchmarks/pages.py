"""Documentation that commands write: what stands between two marks of a page is theirs."""

from pathlib import Path

__all__ = ["put_into"]


def put_into(path: Path, part: str, begin: str, end: str) -> None:
    """Replace what stands between the two marks of a file. Raises ValueError where they are missing."""
    text = path.read_text(encoding="utf-8")
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{path} has no place for what a command writes: {begin} … {end}")
    path.write_text(f"{head}{begin}\n\n{part}\n\n{end}{tail}", encoding="utf-8")
