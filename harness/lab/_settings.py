"""What the environment sets for every command; the command line overrides it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from harness.core.errors import InputError

__all__ = ["Settings", "default_store"]


def default_store(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """The SQLite file that remembers runs and keys, where the platform keeps a program's data."""
    home = Path.home()
    if platform == "win32":
        folder = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return str(folder / "avma-harness" / "store.sqlite")


class Settings(BaseSettings):
    """Settings by environment variable: AVMA_ and the field's name in capitals; NO_COLOR counts as well.

    An empty variable counts as unset.

    Raises:
        InputError: variables have values that cannot be; each is told, without its value.
    """

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="AVMA_", extra="ignore", frozen=True, env_ignore_empty=True
    )

    inventory: Path | None = Field(default=None, description="The inventory to use.")
    store: str = Field(
        default_factory=lambda: default_store(os.environ), description="SQLite file, or a URL for SQLAlchemy."
    )
    forks: int = Field(default=16, ge=1, le=512, description="How many lanes run at once.")
    settle_seconds: float = Field(
        default=60.0, ge=1, le=3600, description="How long a host key that was sent may take to show, in seconds."
    )
    output: Literal["text", "json", "ndjson"] = Field(default="text", description="text, json or ndjson.")
    no_color: bool = Field(
        default=False,
        validation_alias=AliasChoices("AVMA_NO_COLOR", "NO_COLOR"),
        description="Plain text on a terminal; NO_COLOR with any value says the same.",
    )

    def __init__(self) -> None:
        try:
            super().__init__()
        except ValidationError as error:
            found = {f"AVMA_{str(e['loc'][0]).upper()}": e["msg"] for e in error.errors(include_url=False)}
        else:
            return
        wrong = "; ".join(f"{name}: {message}" for name, message in found.items())
        raise InputError(f"{wrong}.", target="environment", hint="Change or unset the variable.")

    @field_validator("no_color", mode="before")
    @classmethod
    def _any_value_counts(cls, value: object) -> bool:
        return str(value).strip().lower() not in ("", "0", "false", "no", "off")
