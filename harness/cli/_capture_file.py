"""A capture as a simulated lab takes it."""

import json
from pathlib import Path

from harness.core.errors import InputError

__all__ = ["captured_variants"]


def captured_variants(path: str) -> list[str]:
    """The choices of a capture file as NAME=CHOICE, in its order.

    Raises:
        InputError: it cannot be read, or is no capture.
    """
    try:
        document = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", target=path, hint="Check the path.") from error
    except ValueError as error:
        raise _no_capture(path) from error
    variants = document.get("variants") if isinstance(document, dict) else None
    if not isinstance(variants, dict) or document.get("schema") != "avma/capture/1":
        raise _no_capture(path)
    return [f"{name}={choice}" for name, choice in variants.items()]


def _no_capture(path: str) -> InputError:
    return InputError("This is no capture.", target=path, hint="Make one with `avma capture HOST --to FILE`.")
