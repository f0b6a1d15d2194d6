"""Every transcript of our own yields what its neighbour says: tests/cases/slmgr/NAME.txt and NAME.yaml.

A case marked ``invented: true`` uses wording that nobody recorded (translations of the script's English constants).
"""

from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness.core.witnesses import SlmgrReport, decode_answer, explain, parse_slmgr
from harness.core.witnesses._languages import languages, status_of_word, words_of
from harness.core.witnesses._stems import status_by_stem

CASES = Path(__file__).parents[1] / "cases" / "slmgr"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ru", "ja", "zh-CN", "zh-TW", "ko", "pl", "tr", "cs", "sv", "hu")


@cache
def case(name: str) -> dict[str, object]:
    return YAML(typ="safe", pure=True).load(CASES / f"{name}.yaml")


def text_of(name: str) -> str:
    page = case(name).get("code_page")
    return decode_answer((CASES / f"{name}.txt").read_bytes(), page)


def differences(expected: object, found: object, place: str) -> list[str]:
    """Every named field that differs; fields the case does not name are free."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [d for key, value in expected.items() for d in differences(value, found.get(key), f"{place}.{key}")]
    if isinstance(expected, list) and isinstance(found, list | tuple):
        if len(expected) != len(found):
            return [f"{place}: {len(found)} instead of {len(expected)}: {found}"]
        pairs = enumerate(zip(expected, found, strict=True))
        return [d for n, (one, other) in pairs for d in differences(one, other, f"{place}[{n}]")]
    return [] if expected == found else [f"{place}: {found!r} instead of {expected!r}"]


def as_data(report: SlmgrReport) -> dict[str, object]:
    return asdict(report)


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_yields_what_its_case_says(name: str) -> None:
    wanted, text = case(name), text_of(name)
    report = as_data(parse_slmgr(text))
    found = differences(wanted.get("report", {}), report, "report")
    if "products" in wanted:
        found += differences(wanted["products"], list(report["products"]), "products")  # type: ignore[call-overload]
    assert not found, "\n".join([str(wanted["about"]), *found])


@pytest.mark.parametrize("name", [name for name in NAMES if "verdict" in case(name)])
def test_a_transcript_leads_to_its_verdict(name: str) -> None:
    explanation = explain(text_of(name))
    assert explanation.verdict == case(name)["verdict"], "\n".join(explanation.sentences)
    assert explanation.sentences


def test_there_are_enough_cases_in_enough_languages_and_code_pages() -> None:
    found = {case(name).get("report", {}).get("language") for name in NAMES}  # type: ignore[union-attr]
    pages = {case(name)["encoding"] for name in NAMES if "encoding" in case(name)}
    assert len(NAMES) >= 120
    assert set(LANGUAGES) <= found
    assert len({page for page in pages if str(page).startswith("cp")}) >= 3


def test_no_wording_means_one_state_here_and_another_there() -> None:
    found: dict[str, set[int]] = {}
    for words in languages():
        for wording, state in words.status.items():
            found.setdefault(wording, set()).add(state)
    assert {wording: states for wording, states in found.items() if len(states) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_words_for_the_states_that_decide(language: str) -> None:
    words = words_of(language)
    assert words is not None
    assert {0, 1, 2, 5} <= set(words.status.values())
    for wording, state in words.status.items():
        assert status_of_word(wording, language) == state
        assert state == 1 or status_by_stem(wording, language) in {None, 0, state}
