"""Every broken file is told whole, each finding at its line and column."""

import pytest
from lab_yaml_cases import CORPUS, case_names, exact_share, expected, is_exact, told

from harness.core.errors import InputError
from harness.lab import LabFileError, load_inventory, load_playbook

# texts that stand in the corpus where a person mistakenly wrote a secret
LEAKS = ("Hunter2", "12345678", "XV7B3", "xv7b3", "6DFGR", "6dfgr")


@pytest.mark.parametrize("name", case_names())
def test_each_broken_file_is_told_exactly(name):
    assert is_exact(name), "\n".join(["told:", *map(str, told(name)), "expected:", *map(str, expected(name))])


@pytest.mark.parametrize("name", case_names())
def test_no_finding_repeats_a_secret(name):
    assert not [word for word in LEAKS for problem in told(name) if word in str(problem)]


def test_the_corpus_holds_what_the_leak_test_looks_for():
    corpus = b"".join(path.read_bytes() for path in CORPUS.glob("*.yaml")).decode("utf-8", "replace")
    assert [word for word in LEAKS if word not in corpus] == []


def test_the_figure_counts_all_cases():
    exact, cases = exact_share()
    assert exact == cases >= 60


def test_every_case_has_its_expectation_and_no_expectation_is_left_over():
    assert {path.stem for path in CORPUS.glob("*.expected")} == set(case_names())


def test_a_message_has_one_line_for_each_finding(tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text("version: 1\nhosts:\n  hv-1: {prot: 1}\n  hv-2: {port: 0}\n", "utf-8")
    with pytest.raises(LabFileError) as caught:
        load_inventory(path)
    assert str(caught.value).splitlines() == [
        f"{path}:3:10: `prot` is not known here. Did you mean `port`?",
        f"{path}:4:16: This number must be at least 1.",
    ]
    assert isinstance(caught.value, InputError)
    assert caught.value.code == "invalid_lab_file"


@pytest.mark.parametrize("load", [load_inventory, load_playbook])
def test_a_missing_file_is_told_with_its_path(tmp_path, load):
    path = tmp_path / "nowhere.yaml"
    with pytest.raises(LabFileError, match=r"nowhere.yaml:1:1: There is no such file"):
        load(path)


def test_a_folder_is_told_as_unreadable(tmp_path):
    with pytest.raises(LabFileError) as caught:
        load_inventory(tmp_path)
    assert [p.code for p in caught.value.problems] == ["file_unreadable"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_places_do_not_depend_on_line_ends_or_a_byte_order_mark(tmp_path, ending):
    path = tmp_path / "lab.yaml"
    lines = ["version: 1", "hosts:", "  hv-1:", "    prot: 1", "    port: 0", ""]
    path.write_bytes(b"\xef\xbb\xbf" + ending.join(lines).encode())
    with pytest.raises(LabFileError) as caught:
        load_inventory(path)
    assert [(p.place.line, p.place.column) for p in caught.value.problems] == [(4, 5), (5, 11)]


def test_a_traceback_of_a_syntax_error_does_not_show_the_line(tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text("password: *Hunter2\n", "utf-8")
    with pytest.raises(LabFileError) as caught:
        load_inventory(path)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
