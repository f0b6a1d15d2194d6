"""Rows of SoftwareLicensingProduct in every disguise in which JSON, CLIXML and WMI send them (tests/cases/cim)."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.core.witnesses import licence_record, licence_records, moment, uint32

CASES = {
    path.stem: YAML(typ="safe", pure=True).load(path)
    for path in sorted((Path(__file__).parents[1] / "cases" / "cim").glob("*.yaml"))
}
TIME = datetime(2026, 3, 4, 10, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", CASES)
def test_a_row_yields_what_its_case_says(name: str) -> None:
    case = CASES[name]
    record = licence_record(case["row"])
    shown = {
        field: value.isoformat() if isinstance(value := getattr(record, field), datetime) else value
        for field in case["expected"]
    }
    assert shown == case["expected"]


@pytest.mark.parametrize(
    "value",
    [
        3221549065,
        -1073418231,
        "3221549065",
        "-1073418231",
        "0xC004F009",
        "0xc004f009",
        " 3221549065 ",
        3221549065.0,
    ],
)
def test_a_reason_is_one_unsigned_number_in_every_disguise(value: object) -> None:
    assert uint32(value) == 0xC004F009


@pytest.mark.parametrize(
    "value",
    [None, "", "text", True, False, 1 << 32, -(1 << 31) - 1, float("nan"), float("inf"), 1.5, "٣", "9" * 40, [], {}],
)
def test_what_is_no_32_bit_number_is_none(value: object) -> None:
    assert uint32(value) is None


@given(st.integers(min_value=0, max_value=(1 << 32) - 1))
def test_each_unsigned_number_survives_each_disguise(number: int) -> None:
    signed = number - (1 << 32) if number >= 1 << 31 else number
    for value in (number, signed, str(number), str(signed), hex(number), f"0x{number:08X}"):
        assert uint32(value) == number


@pytest.mark.parametrize(
    "value",
    [
        TIME,
        TIME.replace(tzinfo=None),
        TIME.astimezone(timezone(timedelta(hours=-8))),
        "/Date(1772619072000)/",
        "\\/Date(1772619072000)\\/",
        "/Date(1772619072000+0100)/",
        "2026-03-04T10:11:12Z",
        "2026-03-04T11:11:12+01:00",
        "2026-03-04T02:11:12-0800",
        "2026-03-04T10:11:12.0000000Z",
        "2026-03-04 10:11:12",
        "2026-03-04T10:11:12",
        "20260304101112.000000+000",
        "20260304111112.000000+060",
        "20260304021112.000000-480",
    ],
)
def test_a_time_is_the_same_moment_in_every_disguise(value: object) -> None:
    assert moment(value) == TIME


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "never",
        "/Date(-11644473600000)/",
        "1601-01-01T00:00:00Z",
        "1601-01-01T01:00:00+01:00",
        "1601-01-01T01:00:00",
        "1600-12-31T16:00:00-08:00",
        "1600-12-31T16:00:00",
        "16010101000000.000000+000",
        "16001231160000.000000-480",
        "0001-01-01T00:00:00+14:00",
        datetime(1601, 1, 1),
        datetime(1600, 12, 31, 16, tzinfo=timezone(timedelta(hours=-8))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        "2026-13-41T10:11:12Z",
        "/Date(99999999999999999)/",
        "20261341101112.000000+000",
        0,
        12345,
    ],
)
def test_never_and_nonsense_are_no_time(value: object) -> None:
    assert moment(value) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_readers(text: str) -> None:
    assert moment(text) is None or isinstance(moment(text), datetime)
    number = uint32(text)
    assert number is None or 0 <= number < 1 << 32


def test_several_rows_keep_their_order() -> None:
    records = licence_records([{"ID": "A"}, {"ID": "B"}])
    assert [record.activation_id for record in records] == ["a", "b"]
