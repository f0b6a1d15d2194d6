"""Names come from guests, and a guest may be hostile: no renderer lets its text act."""

from xml.etree import ElementTree as ET

import pytest

from harness.core.model import FabricVerdict, GuestVerdict, HostVerdict, Reason, Testimony, Verdict, WitnessName
from harness.engine import RunRecord, read_record, write_record
from harness.report import html_page, junit_xml, verdict_tables, verify_document, visible

HOSTILE = "\x1b[31mvm<script>alert(1)</script>&\"'\u202e\x00\ud800\x85[bold]"


def record(name: str) -> RunRecord:
    reason = Reason("host_not_activated", f"The host {name} is not activated.", f"Run it on {name}.")
    guest = GuestVerdict(
        name, "11111111-2222-3333-4444-555555555555", name, "2022", "Standard", Verdict.NOT_ACTIVATED, "VT:IA", 90,
        (reason,), (Testimony(WitnessName.CIM, name, agrees=True),),
    )  # fmt: skip
    verdict = FabricVerdict((HostVerdict(name, "server_datacenter", "2022", None, None, ()),), (guest,))
    return RunRecord("r1", "verify", "lab.yaml", "anna", "2026-11-22T10:00:00+00:00", verdict=verdict)


def test_visible_text_has_no_control_or_direction_character_left():
    shown = visible(HOSTILE)
    assert shown.isprintable()
    assert "\\x1b[31m" in shown
    assert "\\u202e" in shown


def test_the_html_page_shows_hostile_names_as_text():
    page = html_page(record(HOSTILE))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    page.encode("utf-8")


def test_the_html_page_fetches_nothing():
    page = html_page(record("vm"))
    assert "default-src 'none'" in page
    assert "http://" not in page
    assert "src=" not in page.replace("default-src", "").replace("style-src", "")


def test_junit_is_well_formed_whatever_a_guest_is_called():
    root = ET.fromstring(junit_xml(record(HOSTILE)))
    cases = root.findall(".//testsuite[@name='avma.guests']/testcase")
    assert len(cases) == 1
    assert cases[0].find("failure") is not None
    assert root.find(".//testsuite[@name='avma.guests']").get("failures") == "1"


def test_tables_treat_names_as_text_not_as_markup(capsys):
    from rich.console import Console

    Console(width=200, no_color=True).print(verdict_tables(record(HOSTILE).verdict))
    out = capsys.readouterr().out
    assert "[bold]" in out
    assert "\x1b" not in out


def test_a_record_survives_its_json_form():
    before = record("vm")
    assert read_record(write_record(before)) == before


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_summary_counts_every_verdict(verdict):
    one = record("vm")
    guest = one.verdict.guests[0]
    changed = GuestVerdict(**{**{f: getattr(guest, f) for f in guest.__dataclass_fields__}, "verdict": verdict})
    summary = verify_document(RunRecord("r", "c", "i", "p", "t", verdict=FabricVerdict((), (changed,))))["summary"]
    assert summary[str(verdict)] == 1
    assert sum(summary[str(v)] for v in Verdict) == 1
