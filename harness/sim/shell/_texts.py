"""slmgr.vbs in the languages of data/slmgr.toml: a text of the UI language, else the script's English constant."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import cast

from harness.sim.world import Installation

__all__ = ["Texts", "local_time_text"]


@cache
def _load() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    path = files("harness.sim") / "data" / "slmgr.toml"
    return cast("Mapping[str, Mapping[str, Mapping[str, str]]]", tomllib.loads(path.read_text(encoding="utf-8")))


@cache
def _table(language: str) -> Mapping[str, str]:
    english = _load()["en"]["recorded"]
    own = _load().get(language, {})
    return {**english, **own.get("invented", {}), **own.get("recorded", {})}


class Texts:
    """The script's resources in one language; its lines on AVMA in English unless ``avma_translated``.

    >>> Texts("en")("expires_avma", MINUTE=10080, DAY=7)
    'Automatic VM activation expiration: 10080 minute(s) (7 day(s))'
    """

    def __init__(self, language: str, *, avma_translated: bool = True) -> None:
        self._table = _table(language)
        if not avma_translated:
            english = _table("en")
            self._table = {**self._table, **{key: english[key] for key in english if "avma" in key}}

    def __call__(self, key: str, **values: object) -> str:
        text = self._table[key]
        for name, value in values.items():
            text = text.replace(f"%{name}%", str(value))
        return text

    def error_line(self, hresult: int) -> str:
        """The line for a COM error: code, then the script's own text, or the hint at slui.exe."""
        code = f"{hresult:08X}"
        known = self._table.get(f"error_{code}")
        return f"{self('error')}0x{code} {known or self('slui', ERRCODE=code)}"


def local_time_text(windows: Installation, moment: datetime) -> str:
    """Date and time as VBScript writes them in the computer's locale and zone."""
    local = moment.astimezone(timezone(timedelta(minutes=windows.utc_offset)))
    return windows.language.date_format.format(
        year=local.year,
        month=local.month,
        day=local.day,
        hour=local.hour,
        hour12=local.hour % 12 or 12,
        minute=local.minute,
        second=local.second,
        half="AM" if local.hour < 12 else "PM",
    )
