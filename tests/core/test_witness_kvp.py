"""Key-value pairs are hearsay: any order, any content, nothing expanded, nothing raised."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.core.witnesses import parse_kvp_items, read_kvp_items

CASES = {
    path.stem: YAML(typ="safe", pure=True).load(path)
    for path in sorted((Path(__file__).parents[1] / "cases" / "kvp").glob("*.yaml"))
}


@pytest.mark.parametrize("name", CASES)
def test_items_yield_what_their_case_says(name: str) -> None:
    case = CASES[name]
    found = read_kvp_items(case["items"])
    assert found.items == case["expected"]
    assert len(found.notes) == case.get("skipped", 0), found.notes
    assert parse_kvp_items(case["items"]) == case["expected"]


def test_the_published_sample_can_be_read() -> None:
    given_place = os.environ.get("AVMA_TRANSCRIPTS")
    root = Path(given_place) if given_place else Path(__file__).parents[3] / "shared" / "transcripts"
    sample = root / "kvp" / "kvp-item-fqdn-msdn-sample.txt"
    if not sample.is_file():
        pytest.skip("no recorded transcripts here: set AVMA_TRANSCRIPTS to their folder")
    text = sample.read_text(encoding="utf-8")
    assert parse_kvp_items([text[text.index("<INSTANCE") :]]) == {"FullyQualifiedDomainName": "AUTOBVT-4OVYXAB"}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5))
def test_no_item_breaks_the_reader(items: list[str]) -> None:
    found = read_kvp_items(
        [f"<INSTANCE><PROPERTY NAME='Name'><VALUE>{item}</VALUE></PROPERTY></INSTANCE>" for item in items]
    )
    assert len(found.notes) <= len(items)


def test_a_billion_laughs_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x0 "ha">' + "".join(
        f'<!ENTITY x{n} "&x{n - 1};&x{n - 1};&x{n - 1};">' for n in range(1, 30)
    )
    found = read_kvp_items([bomb + "]><INSTANCE><PROPERTY NAME='Name'><VALUE>&x29;</VALUE></PROPERTY></INSTANCE>"])
    assert found.items == {}
    assert "document type" in found.notes[0]


def test_an_outsized_item_is_skipped() -> None:
    item = "<INSTANCE><PROPERTY NAME='Name'><VALUE>" + "a" * 100_000 + "</VALUE></PROPERTY></INSTANCE>"
    assert read_kvp_items([item]).notes == (f"item 0: it has {len(item)} characters",)


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=60) | st.sampled_from(["]]>", "<!--", "&amp;", "a\rb", " \t\n", "\x00", "\ufffe", "</VALUE>"]),
    st.text(max_size=20),
)
def test_the_usual_form_reads_as_any_other(data: str, name: str) -> None:
    usual = (
        '<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem">'
        '<PROPERTY NAME="Caption" PROPAGATED="true" TYPE="string"></PROPERTY>'
        f'<PROPERTY NAME="Data" TYPE="string"><VALUE>{data}</VALUE></PROPERTY>'
        '<PROPERTY NAME="Description" PROPAGATED="true" TYPE="string"></PROPERTY>'
        '<PROPERTY NAME="ElementName" PROPAGATED="true" TYPE="string"></PROPERTY>'
        f'<PROPERTY NAME="Name" TYPE="string"><VALUE>{name}</VALUE></PROPERTY>'
        '<PROPERTY NAME="Source" TYPE="uint16"><VALUE>2</VALUE></PROPERTY></INSTANCE>'
    )
    other = usual.replace("ExchangeDataItem", "exchangedataitem", 1)
    assert read_kvp_items([usual]) == read_kvp_items([other])
