"""What the environment sets."""

from pathlib import Path

import pytest

from harness.core.errors import InputError
from harness.lab import Settings
from harness.lab._settings import default_store


@pytest.fixture
def environment(monkeypatch):
    for name in ("AVMA_INVENTORY", "AVMA_STORE", "AVMA_FORKS", "AVMA_OUTPUT", "AVMA_NO_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_without_variables_the_defaults_hold(environment):
    environment.setenv("XDG_DATA_HOME", "/data")
    settings = Settings()
    assert (settings.inventory, settings.forks, settings.output, settings.no_color) == (None, 16, "text", False)
    assert settings.store == default_store({"XDG_DATA_HOME": "/data"})


def test_variables_set_what_they_name(environment):
    for name, value in {
        "AVMA_INVENTORY": "lab.yaml",
        "AVMA_STORE": "postgresql://db/avma",
        "AVMA_FORKS": "4",
        "AVMA_OUTPUT": "json",
        "AVMA_NO_COLOR": "1",
    }.items():
        environment.setenv(name, value)
    settings = Settings()
    assert settings.inventory == Path("lab.yaml")
    assert (settings.store, settings.forks, settings.output, settings.no_color) == (
        "postgresql://db/avma",
        4,
        "json",
        True,
    )


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("NO_COLOR", "1", True),
        ("NO_COLOR", "anything", True),
        ("NO_COLOR", "", False),
        ("AVMA_NO_COLOR", "false", False),
        ("AVMA_NO_COLOR", "true", True),
    ],
)
def test_no_color_counts_as_its_convention_says(environment, name, value, plain):
    environment.setenv(name, value)
    assert Settings().no_color is plain


def test_wrong_values_are_told_together_by_variable_and_without_the_value(environment):
    environment.setenv("AVMA_FORKS", "many-canary")
    environment.setenv("AVMA_OUTPUT", "xml-canary")
    with pytest.raises(InputError) as caught:
        Settings()
    message = str(caught.value)
    assert "AVMA_FORKS: " in message
    assert "AVMA_OUTPUT: " in message
    assert "canary" not in message
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("linux", {"XDG_DATA_HOME": "/x"}, Path("/x/avma-harness/store.sqlite")),
        ("linux", {}, Path.home() / ".local/share/avma-harness/store.sqlite"),
        ("darwin", {}, Path.home() / "Library/Application Support/avma-harness/store.sqlite"),
        ("win32", {"LOCALAPPDATA": "/l"}, Path("/l/avma-harness/store.sqlite")),
        ("win32", {}, Path.home() / "AppData/Local/avma-harness/store.sqlite"),
    ],
)
def test_the_store_lies_where_the_platform_keeps_a_programs_data(platform, environ, path):
    assert Path(default_store(environ, platform)) == path
