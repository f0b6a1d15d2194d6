"""The rules of `make interop`: what counts as driving the lab, and that docs/interop.md tells what is pinned."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.pages import put_into
from tests.interop.clients import CLIENTS, ROOT, Client, Way
from tests.interop.driving import Outcome, drive
from tests.interop.exercises import EXERCISES
from tests.interop.interop_lab import ForeignLab, serve
from tests.interop.report import BEGIN, END, page, way_name

TODAY = date(2026, 11, 22)
BASIC = Way("basic", secure=True)
GOOD = "web Running\nfiles Running\nspare Off"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignLab]:
    with serve(tmp_path_factory.mktemp("interop"), kerberos=False) as running:
        yield running


def client(tmp_path: Path, body: str, *exercises: str) -> Client:
    """A client of our own that says what a test wants."""
    driver = tmp_path / "driver.py"
    driver.write_text(f"import json, sys\njob = json.load(sys.stdin)\nfor name in job['exercises']:\n    {body}\n")
    return Client("made up", "pytest", (sys.executable, driver), (BASIC,), exercises)


def say(text: str) -> str:
    return f"print(json.dumps({{'exercise': name, 'said': {text!r}}}))"


@pytest.mark.parametrize(
    ("exercise", "said"),
    [
        ("script", "web Running\nfiles Running"),
        ("script", "web Running\nfiles Running\nspare Running"),
        ("program", "License Status: Licensed"),
        ("error", ""),
        ("exit code", "exit code 0"),
        ("large output", "1048575 x"),
        ("streams", "told warned talked searched moved failed"),
        ("stop", "stopped False, then [2]"),
        ("credential", "Access is denied."),
        ("is alive", "open True, closed True"),
    ],
)
def test_a_wrong_answer_is_no_success(exercise: str, said: str) -> None:
    assert EXERCISES[exercise].problem(said, None)


def test_what_a_client_raises_is_a_failure_except_for_a_wrong_password() -> None:
    assert [name for name, one in EXERCISES.items() if not one.problem(None, "it raised")] == ["wrong password"]
    assert EXERCISES["wrong password"].problem("web Running", None) == "let in: web Running"


def test_a_good_answer_is_a_success(tmp_path: Path, lab: ForeignLab) -> None:
    assert drive(client(tmp_path, say(GOOD), "script"), BASIC, lab) == [Outcome("made up", BASIC, "script", "")]


def test_a_driver_that_breaks_fails_all_its_exercises(tmp_path: Path, lab: ForeignLab) -> None:
    found = drive(client(tmp_path, "raise SystemExit('broken')", "script", "error"), BASIC, lab)
    assert [one.exercise for one in found] == ["script", "error"]
    assert all("broken" in one.problem for one in found)


def test_a_shell_that_opens_for_a_wrong_password_is_a_failure_even_if_the_client_complains(
    tmp_path: Path, lab: ForeignLab
) -> None:
    opened = """__import__('pypsrp.shell').shell.WinRS(__import__('pypsrp.wsman').wsman.WSMan(job['address'],
        port=job['https'], username=job['user'], password=job['password'], auth='basic', cert_validation=job['ca'],
        no_proxy=True)).open()
    print(json.dumps({'exercise': name, 'raised': 'I was refused'}))"""
    (found,) = drive(client(tmp_path, opened, "wrong password"), BASIC, lab)
    assert "a shell was opened" in found.problem
    assert "1 shells were left open" in found.problem


def test_a_client_that_is_not_there_is_told_as_not_installed(tmp_path: Path) -> None:
    absent = replace(CLIENTS[0], command=(tmp_path / "no-python", "driver.py"))
    assert absent.version() is None
    assert "| pypsrp | not installed | - | not installed: run make interop-deps |" in page([(absent, None)], [], TODAY)


def test_a_failure_stands_in_the_table() -> None:
    shown = page([(CLIENTS[0], "1")], [Outcome("pypsrp", BASIC, "script", "nothing came")], TODAY)
    assert shown.startswith("`make interop` on 2026-11-22: 0 of 1 exercises by 1 clients.")
    assert "| pypsrp | 1 | Basic, HTTPS | 0 of 1: script FAILED |" in shown


def test_the_list_is_put_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put_into(path, "new", BEGIN, END)
    assert path.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    path.write_text("no marks")
    with pytest.raises(ValueError, match="has no place"):
        put_into(path, "new", BEGIN, END)


def told() -> list[list[str]]:
    """The rows of the table in docs/interop.md."""
    text = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if not row[0].startswith(("client", "---"))]


def test_the_docs_tell_every_client_every_way_in_and_every_exercise() -> None:
    expected = [
        [one.name, way_name(way), sorted(name for name in one.exercises if not (way.tickets and "password" in name))]
        for one in CLIENTS
        for way in one.ways
    ]
    found = [[name, way, sorted(exercised.partition(": ")[2].split(", "))] for name, _, way, exercised in told()]
    assert found == expected


def pinned(package: str, lists: list[str]) -> str:
    text = "".join((ROOT / "requirements" / name).read_text(encoding="utf-8") for name in lists)
    versions = re.findall(rf"^{package}==([\w.]+)( ; python_full_version >=[^\\]*)?", text, re.MULTILINE)
    return next(version for version, newer in versions if not newer)


def test_the_docs_tell_the_versions_that_are_pinned() -> None:
    npm = json.loads((ROOT / "requirements" / "interop-npm" / "package.json").read_text(encoding="utf-8"))
    versions = {name: version for name, version, _, _ in told()}
    assert versions["winrm-client (npm)"] == npm["dependencies"]["winrm-client"]
    assert versions["pypsrp"] == pinned("pypsrp", ["interop-current.txt"])
    assert versions["pypsrp 0.8"] == pinned("pypsrp", ["interop-pypsrp08.txt"])
    assert versions["pywinrm"] == pinned("pywinrm", ["interop-current.txt"])
    assert versions["ansible-core, psrp"] == pinned("ansible-core", ["interop-current.txt"])
    assert versions["evil-winrm-py"] == pinned("evil-winrm-py", ["interop-pypsrp08.txt"])
    assert versions["awinrm"] == pinned("awinrm", ["interop-awinrm.txt"])


def test_no_list_of_foreign_packages_names_a_registry() -> None:
    lists = [*(ROOT / "requirements").glob("interop-*.*"), *(ROOT / "requirements" / "interop-npm").iterdir()]
    assert len(lists) >= 8
    for path in lists:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"--index-url|--extra-index|\"resolved\"|registry\.", text), path.name
