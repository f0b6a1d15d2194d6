"""Values of PowerShell's JSON and of decoded objects read the same, whatever wrapping they came in."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.remoting.decode import EnumValue, RemoteObject
from harness.windows._values import Row, guid_in, json_ready, plain

CASES: list[Mapping[str, object]] = YAML(typ="safe").load(Path("tests/cases/windows/values.yaml"))
READERS = ("text", "number", "hresult", "flag", "moment", "version")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_each_reader_takes_a_value_or_says_none(case: Mapping[str, object]) -> None:
    row = Row.of({"Thing": json.loads(str(case["json"]))})
    found = {reader: getattr(row, reader)("thing") for reader in READERS}
    moment, version = case.get("moment"), case.get("version")
    expected = {reader: case.get(reader) for reader in READERS if reader in case or reader not in {"text", "hresult"}}
    expected["moment"] = datetime.fromisoformat(str(moment)) if moment else None
    expected["version"] = tuple(version) if isinstance(version, list) else None
    assert {reader: found[reader] for reader in expected} == expected
    if "items" in case:
        assert list(row.items("Thing")) == case["items"]


def test_an_enum_reads_by_number_and_by_name() -> None:
    row = Row.of({"State": EnumValue("Running", 2), "Bare": EnumValue("Off")})
    assert (row.number("state"), row.text("state")) == (2, "Running")
    assert (row.number("bare"), row.text("bare")) == (None, "Off")


def test_an_object_becomes_a_table_and_one_without_properties_its_text() -> None:
    node = RemoteObject(("ClusterNode",), {"Name": "HV01", "Id": UUID(int=1)}, "HV01")
    assert plain(node) == {"Name": "HV01", "Id": "00000000-0000-0000-0000-000000000001"}
    assert plain(RemoteObject(("Thing",), {}, "text")) == "text"


def test_evidence_can_be_written_as_json() -> None:
    value = plain({"a": EnumValue("On", 1), "b": [UUID(int=2), 3.5, None], "c": RemoteObject(("T",), {"d": True})})
    assert json.loads(json.dumps(json_ready(value))) == {
        "a": "On",
        "b": ["00000000-0000-0000-0000-000000000002", 3.5, None],
        "c": {"d": True},
    }


def test_the_last_guid_of_a_text_is_found() -> None:
    text = "Microsoft:AB6C0E5D-9C41-4B7A-9A3B-1F0F2C3D4E5F\\2A34B1C2-FD73-4043-8A5B-DD2159BC743F"
    assert guid_in(text) == "2a34b1c2-fd73-4043-8a5b-dd2159bc743f"
    assert guid_in("none") is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_no_value_makes_a_reader_raise(value: object) -> None:
    row = Row.of({"thing": value})
    for reader in (*READERS, "guid", "items"):
        getattr(row, reader)("thing")
