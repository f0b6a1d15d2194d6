"""A program in a process of its own that answers each line of JSON with a line of JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ROOT", "Json", "Worker", "WorkerError", "answer_lines"]

ROOT = Path(__file__).resolve().parents[1]
Json = dict[str, Any]


class WorkerError(RuntimeError):
    """A worker ended without an answer; what it wrote to stderr has been shown."""


class Worker:
    """Starts a program and asks it things; a context manager.

    Args:
        command: the program and its arguments, run in the repository's top folder.
        environment: variables beside the caller's own.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        self._name = " ".join(str(word) for word in command)
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            # No proxy of the environment stands between a client and the loopback.
            env={**os.environ, "NO_PROXY": "*", "no_proxy": "*", **(environment or {})},
        )

    def ask(self, **request: object) -> Json:
        """Send a request and wait for its answer. Raises WorkerError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError(f"{self._name} ended before it was asked {request}") from error
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self._name} ended without an answer to {request}")
        found: Json = json.loads(line)
        return found

    def close(self) -> None:
        """Let the program end: it has no more lines to read."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def answer_lines(answer: Callable[[Json], Json]) -> None:
    """The program's side: answer every line of stdin until it ends."""
    for request in _requests():
        sys.stdout.write(json.dumps(answer(request)) + "\n")
        sys.stdout.flush()


def _requests() -> Iterator[Json]:
    while line := sys.stdin.readline():
        yield json.loads(line)
