"""Commands that causes advise: a guest's name is nothing that `--limit` takes, so none is advised."""

import tomllib
from pathlib import Path

import pytest

TABLES = sorted((Path(__file__).parents[2] / "harness").rglob("causes.toml"))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.parent.name)
def test_no_cause_advises_to_limit_a_command_to_a_guest(table):
    causes = tomllib.loads(table.read_text("utf-8"))["cause"]
    wrong = [cause["code"] for cause in causes if "--limit {guest}" in cause["next_step"] + cause["message"]]
    assert wrong == []
