"""What the environment sets for every command; the command line overrides it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from harness.core.errors import InputError

__all__ = ["Settings", "default_store", "load_settings"]


def default_store(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """The SQLite file that remembers runs and keys, in the place the platform keeps a program's data."""
    home = Path.home()
    if platform == "win32":
        folder = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return str(folder / "avma-harness" / "store.sqlite")


class Settings(BaseSettings):
    """Settings by environment variable, each AVMA_ and the field's name in capitals; NO_COLOR counts as well."""

    model_config = SettingsConfigDict(env_prefix="AVMA_", extra="ignore", frozen=True, env_ignore_empty=True)

    inventory: Path | None = Field(default=None, description="The inventory to use.")
    store: str = Field(
        default_factory=lambda: default_store(os.environ), description="SQLite file, or a URL for SQLAlchemy."
    )
    forks: int = Field(default=16, ge=1, le=512, description="How many lanes run at once.")
    output: Literal["text", "json", "ndjson"] = Field(default="text", description="text, json or ndjson.")
    no_color: bool = Field(
        default=False,
        validation_alias=AliasChoices("AVMA_NO_COLOR", "NO_COLOR"),
        description="Plain text on a terminal; NO_COLOR with any value says the same.",
    )

    @field_validator("no_color", mode="before")
    @classmethod
    def _any_value_counts(cls, value: Any) -> bool:
        return str(value).strip().lower() not in ("", "0", "false", "no", "off")


def load_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        InputError: a variable has a value that cannot be; ``target`` is the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = f"AVMA_{str(first['loc'][0]).upper()}"
        raise InputError(f"{first['msg']}.", target=name, hint="Change or unset the variable.") from None
