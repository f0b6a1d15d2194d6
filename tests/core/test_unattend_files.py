"""Answer files: the key changes, every other byte stays; what setup would not take is refused with line and column."""

import codecs
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.core.errors import InputError
from harness.core.unattend import AnswerFileError, Change, patch, render, wanted

CASES = Path(__file__).parent.parent / "cases" / "unattend"
KEY = "YDFWN-MJ9JR-3DYRK-FXXRW-78VHK"
SPACE = "{urn:schemas-microsoft-com:unattend}"
BREAKS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def load(name: str) -> list[dict[str, Any]]:
    return YAML(typ="safe").load((CASES / name).read_text("utf-8"))


SHAPES, REFUSED = load("shapes.yaml"), load("refused.yaml")


def named(case: dict[str, Any]) -> str:
    return case["name"]


def data_of(case: dict[str, Any]) -> bytes:
    if "raw" in case:
        return bytes.fromhex(case["raw"])
    encoding = case.get("encoding", "utf-8")
    text = case["text"].replace("\n", BREAKS[case["newline"]]) if "newline" in case else case["text"]
    return (MARKS[encoding] if case.get("mark") else b"") + text.encode(encoding)


def wish_of(case: dict[str, Any]):
    return wanted("2022", "Standard", language=case.get("language"))


def tree(data: bytes) -> ET.Element:
    """The file as another parser sees it, whatever its encoding."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            text = data[2:].decode(encoding)
            return ET.fromstring(text.split("?>", 1)[1] if text.startswith("<?xml") else text)
    head = data.split(b"?>", 1)[0]
    if b"shift_jis" in head:
        return ET.fromstring(data.decode("shift_jis").split("?>", 1)[1])
    return ET.fromstring(data)


def keys_in(data: bytes) -> list[str]:
    """The keys in the one place that counts, by the other parser."""
    return [
        (key.text or "").strip()
        for phase in tree(data).iter(f"{SPACE}settings")
        if phase.get("pass") == "specialize"
        for component in phase.iter(f"{SPACE}component")
        if component.get("name") == "Microsoft-Windows-Shell-Setup"
        and (component.get("processorArchitecture") or "").lower() == "amd64"
        for key in component.iter(f"{SPACE}ProductKey")
    ]


def test_there_are_at_least_thirty_shapes():
    assert len({named(case) for case in SHAPES}) >= 30


@pytest.mark.parametrize("case", SHAPES, ids=named)
def test_the_key_is_in_and_every_other_byte_stays(case):
    old = data_of(case)
    done = patch(old, wish_of(case), "a.xml")
    head, cut = done_head(old, done), removed(old, done)
    assert old.startswith(head + cut)
    assert done.data == head + inserted(done) + old[len(head) + len(cut) :]
    assert keys_in(done.data) == [KEY]
    assert (done.change.value, f"{done.line}:{done.column}") == (case["expect"]["change"], case["expect"]["at"])
    if "before" in case["expect"]:
        assert done.before == case["expect"]["before"]


@pytest.mark.parametrize("case", SHAPES, ids=named)
def test_comparing_the_bytes_alone_shows_one_place_where_no_markup_went(case):
    old, new = data_of(case), patch(data_of(case), wish_of(case)).data
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest = min(len(old), len(new)) - start
    tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    gone = old[start : len(old) - tail]
    assert new == old[:start] + new[start : len(new) - tail] + old[len(old) - tail :]
    assert not set(gone.strip(b"/ \0")) & set(b"<>/\r\n"), gone


def text_of(old: bytes, done) -> tuple[bytes, str]:
    mark = next((m for m in MARKS.values() if old.startswith(m)), b"")
    return mark, old[len(mark) :].decode(done.encoding)


def done_head(old: bytes, done) -> bytes:
    mark, text = text_of(old, done)
    return mark + text[: done.start].encode(done.encoding)


def removed(old: bytes, done) -> bytes:
    return text_of(old, done)[1][done.start : done.end].encode(done.encoding)


def inserted(done) -> bytes:
    return done.inserted.encode(done.encoding)


@pytest.mark.parametrize("case", SHAPES, ids=named)
def test_all_else_means_the_same_to_another_parser(case):
    def without_keys(data: bytes) -> list[tuple[str, object, str]]:
        return [
            (e.tag, sorted(e.attrib.items()), (e.text or "").strip())
            for e in tree(data).iter()
            if e.tag != f"{SPACE}ProductKey" or (e.text or "").strip() not in {KEY, *keys_in(old), ""}
        ]

    old = data_of(case)
    done = patch(old, wish_of(case))
    before, after = without_keys(old), without_keys(done.data)
    rest = iter(after)
    assert all(any(element == other for other in rest) for element in before), "the old elements, in their order"
    assert len(after) - len(before) == {Change.ADDED_COMPONENT: 1, Change.ADDED_PASS: 2}.get(done.change, 0)


@pytest.mark.parametrize("case", SHAPES, ids=named)
def test_a_second_time_changes_nothing(case):
    once = patch(data_of(case), wish_of(case)).data
    again = patch(once, wish_of(case))
    assert (again.change, again.data) == (Change.NONE, once)


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_what_setup_would_not_take_is_refused_at_its_place(case):
    with pytest.raises(AnswerFileError) as caught:
        patch(data_of(case), wish_of(case), "a.xml")
    told = [f"{p.place.line}:{p.place.column} {p.code}" for p in caught.value.problems]
    assert told == case["problems"]
    for problem, line in zip(caught.value.problems, str(caught.value).splitlines(), strict=True):
        assert line.startswith(f"a.xml:{problem.place.line}:{problem.place.column}: ")
        assert problem.message.endswith(".")
        assert problem.suggestion.endswith(".")


def test_added_lines_follow_the_files_own_manner():
    case = next(c for c in SHAPES if c["name"] == "the pass without the component")
    added = patch(data_of(case), wish_of(case)).inserted
    assert added.splitlines() == [
        "",
        (
            '    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" '
            'publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">'
        ),
        f"      <ProductKey>{KEY}</ProductKey>",
        "    </component>",
    ]


@pytest.mark.parametrize(
    ("given_key", "told"),
    [
        ("VDYBN-27WPP-V4HQT-9VMD4-VMK7H", "the GVLK key of 2022 Standard"),
        ("TNK62-RXVTB-4P47B-2D623-4GF74", "the AVMA key of 2019 Standard"),
        ("W3GNR-8DDXR-2TFRP-H8P33-DV9BG", "the AVMA key of 2022 Datacenter"),
        ("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "no AVMA key we know"),
        ("AAAAA-BBBBB-CCCCC-DDDDD-78VHK", "no AVMA key we know"),
        ("not a key", "This is no product key"),
    ],
)
def test_another_key_than_the_releases_own_is_refused_and_never_repeated(given_key, told):
    with pytest.raises(InputError, match=told) as caught:
        wanted("2022", "Standard", key=given_key)
    public = "GVLK" in told or "AVMA key of" in told
    assert public or given_key not in str(caught.value)


@pytest.mark.parametrize(
    ("release", "edition", "more"),
    [
        ("2012", "Standard", {}),
        ("2025", "Essentials", {}),
        ("11", "Standard", {}),
        ("2022", "Pro", {}),
        ("2022", "Standard", {"architecture": "x86"}),
        ("2022", "Standard", {"language": "german"}),
    ],
)
def test_what_has_no_avma_key_or_does_not_exist_is_refused(release, edition, more):
    with pytest.raises(InputError):
        wanted(release, edition, **more)


@pytest.mark.parametrize("language", [None, "de-DE"])
def test_a_rendered_file_is_one_that_patching_leaves_alone(language):
    wish = wanted("2025", "datacenter", architecture="x64", language=language)
    data = render(wish).encode()
    assert patch(data, wish).change is Change.NONE
    assert keys_in(data) == ["YQB4H-NKHHJ-Q6K4R-4VMY6-VCH67"]
    said = [e.text for e in tree(data).iter(f"{SPACE}UILanguage")]
    assert said == ([language] if language else [])


GOOD = data_of(SHAPES[0])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_changed_at_the_key_alone(data):
    start = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 40))
    damaged = GOOD[:start] + data.draw(st.binary(max_size=12)) + GOOD[start + length :]
    try:
        done = patch(damaged, wanted("2022", "Standard"))
    except AnswerFileError:
        return
    head, cut = done_head(damaged, done), removed(damaged, done)
    assert done.data == head + inserted(done) + damaged[len(head) + len(cut) :]
    assert keys_in(done.data) == [KEY]
