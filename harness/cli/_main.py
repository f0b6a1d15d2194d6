"""From argv to exit code: global options anywhere on the line, one sentence for each error, no traceback."""

import sys
from collections.abc import Sequence

from harness.cli._sinks import masked_streams
from harness.core.exitcodes import ExitCode

__all__ = ["hoist_globals", "main"]

_WITH_VALUE = ("--output", "--inventory", "-i", "--limit", "--store", "--forks")
_SWITCHES = ("--no-color", "-v", "--verbose")


def hoist_globals(arguments: Sequence[str]) -> list[str]:
    """Global options moved before the command's name, so that they are accepted on either side of it.

    >>> hoist_globals(["verify", "--output", "json", "-v"])
    ['--output', 'json', '-v', 'verify']
    """
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        name = word.partition("=")[0]
        if word in _SWITCHES or (name in _WITH_VALUE and "=" in word):
            front.append(word)
        elif word in _WITH_VALUE:
            front += [word, *queue[:1]]
            queue = queue[1:]
        else:
            rest.append(word)
    return front + rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return (never raise) its exit code."""
    from harness.cli._app_reading import app

    words = sys.argv[1:] if arguments is None else list(arguments)
    with masked_streams():
        try:
            code = app(args=hoist_globals(words or ["--help"]), standalone_mode=False)
        except Exception as error:  # noqa: BLE001 # seam: the one place where an escaped error becomes an exit code
            from harness.cli._errors import tell

            return int(tell(error))
        except KeyboardInterrupt:
            sys.stderr.write("Interrupted. What was sent is in the journal: `avma runs` shows it.\n")
            return int(ExitCode.INTERRUPTED)
        return int(code or 0)
