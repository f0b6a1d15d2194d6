"""Every row of the catalogue stands on a source and a date, and the rows agree with one another."""

import re
from importlib.resources import files
from tomllib import loads

import pytest

from harness.core.catalogue import codes, component, components, events, keys, license_statuses, matrix, releases, skus

FILES = ("keys", "releases", "editions", "matrix", "codes", "events", "components", "licences")
DATE = re.compile(r"\d{4}(-\d\d-\d\d)?")


def rows_of(name: str) -> list[tuple[str, dict[str, object]]]:
    text = files("harness.core.catalogue").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return [(f"{name}.{kind}[{n}]", row) for kind, rows in loads(text).items() for n, row in enumerate(rows)]


@pytest.mark.parametrize("name", FILES)
def test_each_row_names_its_source_and_its_date(name: str) -> None:
    rows = rows_of(name)
    assert rows
    for place, row in rows:
        assert str(row.get("source", "")).strip(), place
        assert DATE.fullmatch(str(row.get("date", ""))), place


def test_each_key_has_the_shape_of_a_product_key_and_a_known_release() -> None:
    known = {row.name for row in releases()}
    for row in keys():
        assert re.fullmatch(r"[B-DF-HJKMNP-TV-Y2-9]{5}(-[B-DF-HJKMNP-TV-Y2-9N]{5}){4}", row.key), row
        assert row.release in known, row
        assert row.kind in {"AVMA", "GVLK"}
        assert row.tag in {"confirmed", "third-party"}


def test_no_key_stands_twice_for_one_release_edition_and_kind() -> None:
    places = [(row.release, row.edition, row.kind) for row in keys()]
    assert len(places) == len(set(places))


def test_a_key_is_never_both_an_avma_key_and_a_gvlk() -> None:
    assert not {row.key for row in keys("AVMA")} & {row.key for row in keys("GVLK")}


def test_tails_are_unique_to_one_key() -> None:
    by_tail: dict[str, set[str]] = {}
    for row in keys():
        by_tail.setdefault(row.last5, set()).add(row.key)
    assert all(len(found) == 1 for found in by_tail.values())


def test_each_code_has_a_meaning_and_a_next_step_that_reads_as_a_sentence() -> None:
    for row in codes():
        for text in (row.meaning, row.next_step):
            assert text[0].isupper(), row.code
            assert text.endswith("."), row.code
            assert len(text) > 15, row.code
        assert re.fullmatch(r"[a-z_]+", row.cause), row.code


def test_no_code_stands_twice() -> None:
    values = [row.value for row in codes()]
    assert len(values) == len(set(values))


@pytest.mark.parametrize(
    "value",
    [
        *range(0xC004FD00, 0xC004FD05),
        0xC004F069,
        0xC004F050,
        0xC004F210,
        0xC004F012,
        0xC004F014,
        0xC004F015,
        0xC004F034,
        0xC004F009,
        0xC004FC07,
        0xC004F025,
        0x80070005,
        0xC004F074,
        0xC004E028,
        0x4004F00C,
        0x4004F401,
        0xC004F00F,
        0xC004F056,
        0xC004F200,
    ],
)
def test_the_codes_of_avma_and_its_neighbours_are_there(value: int) -> None:
    assert value in {row.value for row in codes()}


def test_only_waiting_cures_the_retryable_avma_codes() -> None:
    retryable = {row.value for row in codes() if row.retryable}
    assert 0xC004FD00 in retryable
    assert not {0xC004FD01, 0xC004FD02, 0xC004FD03, 0xC004F050, 0xC004F069} & retryable


def test_event_ids_are_unique_and_carry_their_short_id_in_the_low_bits() -> None:
    ids = [row.event_id for row in events()]
    assert len(ids) == len(set(ids))
    assert all(row.full_id & 0xFFFF == row.event_id for row in events())


def test_each_build_names_one_windows_server_release() -> None:
    builds = [build for row in releases() if row.kind != "azure" for build in row.builds]
    assert len(builds) == len(set(builds))


def test_each_sibling_is_a_long_term_release_of_the_same_rank() -> None:
    by_name = {row.name: row for row in releases() if row.kind == "server"}
    for row in releases():
        if row.sibling:
            assert by_name[row.sibling].rank == row.rank


def test_sku_numbers_are_unique() -> None:
    numbers = [row.number for row in skus()]
    assert len(numbers) == len(set(numbers))


def test_license_statuses_are_the_seven_numbers_and_only_one_is_licensed() -> None:
    assert [row.number for row in license_statuses()] == list(range(7))
    assert [row.number for row in license_statuses() if row.licensed] == [1]


def test_data_exchange_is_the_one_component_that_avma_needs() -> None:
    assert [row.key for row in components() if row.needed_for_avma] == ["data_exchange"]
    found = component("Microsoft:00000000-0000-0000-0000-000000000001\\2a34b1c2-fd73-4043-8a5b-dd2159bc743f")
    assert found is not None
    assert found.key == "data_exchange"
    assert found.names["de"] == "Austausch von Schlüsselwertepaaren"


def test_no_matrix_cell_stands_twice() -> None:
    places = [(cell.host, cell.guest, cell.edition) for cell in matrix()]
    assert len(places) == len(set(places))
