"""The commands that need no machine."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from harness.cli import main
from harness.cli._main import hoist_globals

SCHEMAS = Path("harness/report/schemas")


def document(capsys, *words: str) -> dict:
    assert main([*words, "--output", "json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("words", "schema"), [(["keys"], "keys"), (["matrix"], "matrix"), (["codes"], "codes")])
def test_catalogue_documents_fit_their_published_schemas(capsys, words, schema):
    found = document(capsys, *words)
    jsonschema.validate(found, json.loads((SCHEMAS / f"{schema}.json").read_text()))


@pytest.mark.parametrize(
    ("host", "guest", "supported"),
    [("2022", "2019", True), ("2019", "2022", False), ("2025", "2012 R2", None), ("2016", "1909", False)],
)
def test_the_matrix_answers_for_one_pair(capsys, host, guest, supported):
    assert [cell["supported"] for cell in document(capsys, "matrix", host, guest)["cells"]] == [supported]


@pytest.mark.parametrize("spelling", ["0xC004FD02", "c004fd02", "-1073414910", "3221552386"])
def test_a_code_is_found_in_every_spelling(capsys, spelling):
    (row,) = document(capsys, "codes", spelling)["codes"]
    assert row["name"] == "SL_E_IA_PARENT_PARTITION_NOT_ACTIVATED"
    assert row["next_step"]


@pytest.mark.parametrize(
    "words",
    [["matrix", "2019", "2099"], ["codes", "0x12345678"], ["keys", "OEM"], ["kees"], ["keys", "--no-such-option"]],
)
def test_wrong_input_ends_with_5_and_a_sentence_without_traceback(capsys, words):
    assert main(words) == 5
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert shown.err.strip()


def test_global_options_are_accepted_on_either_side_of_the_command():
    assert hoist_globals(["verify", "-i", "x.yaml", "--limit=a,!b", "--", "-v"]) == [
        "-i", "x.yaml", "--limit=a,!b", "verify", "--", "-v",
    ]  # fmt: skip


def test_help_starts_within_400_ms_of_processor_time():
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "harness.cli", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.4
