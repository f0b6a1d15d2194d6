"""Pasted events in every layout, and structured events with %2 in any layout (tests/cases/events)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.core.witnesses import explain, parse_event, parse_event_text

CASES = {
    path.stem: YAML(typ="safe", pure=True).load(path)
    for path in sorted((Path(__file__).parents[1] / "cases" / "events").glob("*.yaml"))
}
VM = "4a1d0d2e-6e2f-4f0a-9a53-0c1b7c1d2e3f"


@pytest.mark.parametrize("name", CASES)
def test_a_pasted_event_yields_what_its_case_says(name: str) -> None:
    case = CASES[name]
    found = parse_event_text(case["text"])
    assert len(found) == len(case["events"]), found
    for wanted, pasted in zip(case["events"], found, strict=True):
        event = pasted.event
        shown = {
            "event_id": event.event_id,
            "hresult": event.hresult,
            "computer": event.computer,
            "record_id": event.record_id,
            "time": event.time.isoformat() if event.time else None,
            "guids": list(event.guids),
            "payload": event.payload,
            "time_text": pasted.time_text,
            "source": pasted.source,
        }
        names = wanted.pop("names_include", [])
        assert set(names) <= set(event.names)
        assert {key: shown[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", CASES)
def test_a_pasted_event_is_explained_with_its_codes(name: str) -> None:
    case = CASES[name]
    explanation = explain(case["text"])
    assert explanation.verdict == case["verdict"], explanation.sentences
    assert [code.code for code in explanation.codes] == case["codes"]
    if case["events"]:
        assert explanation.kind == "event"
    if "language" in case:
        assert explanation.language == case["language"]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("0x0", 0),
        ("0x00000000", 0),
        ("0xC004FD02", 0xC004FD02),
        ("0xc004fd02", 0xC004FD02),
        ("hr=0xC004FD02", 0xC004FD02),
        (-1073414910, 0xC004FD02),
        (3221552386, 0xC004FD02),
        ("3221552386", 0xC004FD02),
        ({"Value": "0xC004FD02"}, 0xC004FD02),
        ("nothing", None),
        (None, None),
    ],
)
def test_the_first_value_is_the_code_in_any_spelling(first: object, expected: int | None) -> None:
    assert parse_event([first, ""], event_id=12309).hresult == expected


@pytest.mark.parametrize(
    "payload",
    [
        VM,
        VM.upper(),
        f"{{{VM}}}",
        f"vm={VM}",
        f"1, ServerStandard, {VM}, HV01.corp.example, 2026/03/04",
        f"Virtual Machine ID: {{{VM.upper()}}}\r\nHost: HV01",
        f'{{"vmId":"{VM}"}}',
        f"<VmId>{VM}</VmId>",
        VM.replace("-", ""),
        f"\\\\?\\{VM}\\x",
    ],
)
def test_the_vm_is_found_in_any_layout_of_the_data(payload: str) -> None:
    assert parse_event(["0x0", payload], event_id=12310).guids == (VM,)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ("Sku=ServerStandard;State=1;Machine=Web Server 01", "Web Server 01"),
        ("1, ServerStandard, HV01.corp.example, 2026", "HV01.corp.example"),
        ("Host: HV01", "HV01"),
        ('{"host": "hv-01"}', "hv-01"),
        ("<Host>hv01.corp.example</Host>", "hv01.corp.example"),
        ("request of guest-07 on HV01", "guest-07"),
        ("db", "db"),
        ("кластер-узел1, сервер 2", "сервер 2"),
    ],
)
def test_names_are_found_in_any_layout_of_the_data(payload: str, name: str) -> None:
    assert name in parse_event(["0x0", payload], event_id=12310).names


def test_numbers_dates_and_ids_are_no_names() -> None:
    event = parse_event(["0x0", f"1, 10080, 2026/03/04 10:11, 0xC004FD02, {VM}"], event_id=12310)
    assert event.names == ()


def test_an_event_without_values_says_nothing() -> None:
    event = parse_event([], event_id=0x40003015, record_id=7, time="1601-01-01T00:00:00Z", computer="G01")
    assert (event.event_id, event.hresult, event.payload, event.time) == (12309, None, "", None)


def test_the_time_is_utc_whatever_it_came_as() -> None:
    wanted = datetime(2026, 3, 4, 10, 11, 12, tzinfo=UTC)
    for value in (wanted, "2026-03-04T11:11:12+01:00", "/Date(1772619072000)/"):
        assert parse_event(["0x0"], event_id=12309, time=value).time == wanted


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=80), st.integers(), st.none(), st.floats()), max_size=4))
def test_no_values_break_the_reader(values: list[object]) -> None:
    event = parse_event(values, event_id=12310)
    assert event.hresult is None or 0 <= event.hresult < 1 << 32


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_the_reader_of_events(text: str) -> None:
    assert isinstance(parse_event_text(f"<Event>{text}</Event>\nEventID : 1\nMessage : {text}"), tuple)
