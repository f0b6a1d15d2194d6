"""Validation before an upgrade, over the wire: read-only, ranked, and right when the upgrade then happens."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from harness.sim.lab import LabThread, RunningLab
from harness.sim.topology import parse_topology
from harness.sim.world import KeyChannel, Status

SCHEMAS = Path("harness/report/schemas")
MIXED = Path("tests/cases/topologies/mixed.yaml")


def fits(document: dict, name: str) -> None:
    jsonschema.validate(document, json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))


def by_name(rows: list[dict]) -> dict[str, dict]:
    return {row["name"]: row for row in rows}


def codes(document: dict, target: str) -> set[str]:
    return {f["code"] for f in document["findings"] if f["target"] == target}


@pytest.mark.gate
def test_preflight_and_moves_read_and_change_nothing(open_lab, figure):
    with open_lab("demo") as lab:
        answers = [
            lab.avma("moves"),
            lab.avma("moves", "--drain", "AZL-N1"),
            lab.avma("moves", "--anywhere"),
            lab.avma("preflight", "--to", "2025"),
            lab.avma("preflight", "--to", "24H2"),
            lab.avma("preflight", "--to", "2025", "--guests", "--cluster", "azl"),
        ]
        figure("S3", lab.changes(), "preflight and moves on the demo lab")
        assert lab.changes() == 0
        for answer in answers[:3]:
            fits(answer.document, "moves")
        for answer in answers[3:]:
            fits(answer.document, "preflight")
        assert [answer.code for answer in answers] == [0, 0, 0, 7, 7, 7]


def test_preflight_of_the_demo_lab_names_what_a_person_must_know(open_lab):
    with open_lab("demo") as lab:
        lab.avma("onboard", "azl")
        document = lab.avma("preflight", "--to", "2025").document
        assert [f["rank"] for f in document["findings"]] == sorted(
            (f["rank"] for f in document["findings"]), key=["blocker", "warning", "note"].index
        )
        assert all(f["next_step"] and f["message"].endswith((".", ")")) for f in document["findings"])
        assert "host_not_activated" in codes(document, "HV-LAB-01")
        assert "host_needs_own_key" in codes(document, "HV-BER-01")
        assert codes(document, "AZL-N1") >= {"host_key_upgrade_needed"}
        assert codes(document, "app-api01") >= {"loses_activation", "key_changes"}
        assert codes(document, "srv-web01") == {"key_changes"}
        guests = by_name(document["guests"])
        assert guests["srv-web01"]["outcome"] == "stays"
        assert guests["srv-kms01"]["outcome"] == "unaffected"
        assert guests["srv-next01"]["outcome"] == "gains"
        assert [step["when"] for step in guests["srv-web01"]["swap"]] == ["before", "during", "after"]
        assert guests["srv-web01"]["swap"][1]["key"] == "TVRH6-WHNXV-R9WG3-9XRFY-MY832"
        assert guests["srv-web01"]["swap"][2]["key"] == "WWVGQ-PNHV9-B89P4-8GGM9-9HPQ4"
        branch = lab.avma("preflight", "--to", "2025", "--edition", "standard").document
        assert by_name(branch["guests"])["srv-branch01"]["edition_after"] == "Standard"


def test_hosts_alone_and_guests_alone(open_lab):
    with open_lab("demo") as lab:
        hosts = lab.avma("preflight", "--to", "2025", "--hosts").document
        guests = lab.avma("preflight", "--to", "2025", "--guests").document
        assert (hosts["scope"], guests["scope"]) == (["hosts"], ["guests"])
        assert all(step["node"] for pool in hosts["pools"] for step in pool["steps"])
        assert all(step["node"] is None for pool in guests["pools"] for step in pool["steps"])
        assert not any(guest["swap"] for guest in hosts["guests"])
        assert by_name(guests["guests"])["srv-dc01"]["outcome"] == "loses"
        assert "loses_activation" in codes(guests, "srv-dc01")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--to", "2031"), "no release to upgrade to"),
        (("--to", "2025", "--cluster", "nowhere"), "no such cluster"),
        (("--to", "24H2", "--guests"), "Guests run Windows Server"),
        (("--to", "2025", "--edition", "Home"), "no edition"),
        (("--to", "2025", "--window", "never"), "no duration"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(open_lab, words, told):
    with open_lab() as lab:
        answer = lab.avma("preflight", *words)
        assert (answer.code, answer.out) == (5, "")
        assert told in answer.err


def test_moves_refuses_a_host_that_is_not_there(open_lab):
    with open_lab() as lab:
        answer = lab.avma("moves", "--drain", "nobody")
        assert answer.code == 5
        assert "HV-ONE" in answer.err


@pytest.fixture
def mixed(tmp_path, capsys):
    """The mixed cluster of tests/cases/topologies/mixed.yaml, and a command line pointed at it."""
    from e2e_lab import Lab

    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    form = parse_topology(MIXED.read_text("utf-8"), str(MIXED))
    with LabThread(form, directory=tmp_path / "lab") as thread:
        yield Lab(thread, str(tmp_path / "store.db"), read)


def upgrade_host(lab, name: str, release: str) -> None:
    def work(running: RunningLab) -> None:
        host = running.world.host(name)
        other = next(node for node in host.cluster.nodes if node is not host)
        for vm in list(host.vms):
            running.world.move(vm, other)
        host.windows.os = replace(host.windows.os, release=release)

    lab.thread.do(work)


def upgrade_guest(lab, vm_id: str, release: str) -> None:
    """Setup with the GVLK in place of the AVMA key, which it would refuse."""

    def work(running: RunningLab) -> None:
        windows = running.world.vm(vm_id).windows
        windows.os = replace(windows.os, release=release)
        key = running.world.keys.generic(KeyChannel.GVLK, release, windows.os.edition)
        windows.licence.key, windows.licence.grant, windows.licence.next_attempt = key, None, None
        windows.licence.set(Status.NOTIFICATION, 0xC004F034)

    lab.thread.do(work)


def test_a_rolling_upgrade_goes_as_it_was_foretold(mixed, tmp_path):
    lab = mixed
    playbook = tmp_path / "fixes.yaml"
    forecast = lab.avma("preflight", "--to", "2022", "--playbook", str(playbook))
    document, told = forecast.document, by_name(forecast.document["guests"])
    assert forecast.code == 7
    assert codes(document, "off01") >= {"loses_activation"}
    assert codes(document, "new01") == {"keep_off_nodes"}
    assert codes(document, "ess01") >= {"no_key_after"}
    before = document["run_id"]

    fixed = lab.avma("apply", str(playbook), "--tags", "before")
    assert {r["step"]: r["state"] for r in fixed.document["results"]} == {"integration_service": "verified"}
    document = lab.avma("preflight", "--to", "2022").document
    assert {f["target"] for f in document["findings"] if f["rank"] == "blocker"} == {"ess01"}

    (pool,) = (pool for pool in document["pools"] if pool["name"] == "CLU")
    assert [step["node"] for step in pool["steps"]] == ["CLU-N3", "CLU-N2", None]
    for step in pool["steps"][:-1]:
        upgrade_host(lab, step["node"], step["release"])
        _as_foretold(lab, document, step["number"])

    for guest in told.values():
        if guest["swap"]:
            upgrade_guest(lab, guest["vm_id"], "2022")
    done = lab.avma("apply", str(playbook), "--tags", "after")
    keyed = {r["target"] for r in done.document["results"] if r["step"] == "guest_key" and r["state"] == "verified"}
    assert keyed == {"old01", "off01"}
    verdicts = {g["name"]: g["verdict"] for g in done.document["verify"]["guests"]}
    assert verdicts == {
        "old01": "activated",
        "off01": "activated",
        "new01": "activated",
        "ess01": "activated",
        "kms01": "not_applicable",
    }

    difference = lab.avma("runs", "diff", before, "last")
    fits(difference.document, "rundiff")
    changed = by_name(difference.document["guests"])
    fields = {change["field"]: (change["before"], change["after"]) for change in changed["old01"]["changes"]}
    assert fields["os_version"] == ("2019", "2022")
    assert fields["key"] == ("4GF74", "78VHK")
    hosts = by_name(difference.document["hosts"])
    assert [h["state"] for h in hosts.values()].count("changed") == 2
    assert hosts["CLU-N1"]["state"] == "same"
    assert difference.code == 0


def _as_foretold(lab, document: dict, state: int) -> None:
    """What `avma moves` sees now is what `avma preflight` said of this state."""
    seen = lab.avma("moves").document
    for guest in by_name(seen["guests"]).values():
        spans = by_name(document["guests"])[guest["name"]]["spans"]
        now = {cell["node"]: cell["stay"] for cell in guest["cells"]}
        then = {s["node"]: s["stay"] for s in spans if s["first"] <= state <= s["last"]}
        assert now == then, guest["name"]


def test_draining_the_only_node_that_activates_a_guest_ends_with_seven(mixed):
    answer = mixed.avma("moves", "--drain", "clu-n1")
    rows = by_name(answer.document["guests"])
    assert answer.code == 7
    assert answer.document["drained"] == "CLU-N1"
    assert {cell["stay"] for cell in rows["new01"]["cells"]} == {"lapses"}
    assert rows["new01"]["keeps"] == "nowhere"
    assert all(cell["until"] and cell["next_step"] for cell in rows["new01"]["cells"])
    assert mixed.avma("runs").document["runs"][0]["exit_code"] == 7


def test_the_report_shows_findings_and_the_grid(mixed, tmp_path):
    mixed.avma("preflight", "--to", "2022", "--report", str(tmp_path / "one"))
    mixed.avma("moves", "--report", str(tmp_path / "two"))
    mixed.avma("verify", "--report", str(tmp_path / "three"))
    one, two, three = ((tmp_path / n / "report.html").read_text("utf-8") for n in ("one", "two", "three"))
    assert "Before the upgrade to 2022" in one
    assert "rank-blocker" in one
    assert "stay-lapses" in one
    for page in (two, three):
        assert "Where each VM stays activated" in page
        assert 'class="stay-lapses"' in page
        assert 'class="stay-stays here"' in page
    shown = mixed.avma("report", "last", "--directory", str(tmp_path / "again"))
    assert shown.code == 0
    assert (tmp_path / "again" / "report.html").read_text("utf-8") == three


def test_an_answer_file_from_the_command_line(tmp_path, capsysbinary):
    from harness.cli import main

    path = tmp_path / "unattend.xml"
    assert main(["unattend", "--os", "2019", "--edition", "Standard", "--write", str(path)]) == 0
    before = path.read_bytes()
    assert main(["unattend", str(path), "--os", "2019", "--edition", "datacenter", "--output", "json"]) == 0
    document = json.loads(capsysbinary.readouterr().out)
    fits(document, "unattend")
    assert (document["change"], document["before"]) == ("replaced", "TNK62-RXVTB-4P47B-2D623-4GF74")
    assert path.read_bytes() == before
    assert main(["unattend", str(path), "--os", "2019", "--edition", "standard"]) == 0
    assert capsysbinary.readouterr().out == before
    path.write_text("<unattend>\n  <x>\n</unattend>\n")
    assert main(["unattend", str(path), "--os", "2019", "--edition", "standard"]) == 5
    assert capsysbinary.readouterr().err.startswith(f"{path}:3:3: ".encode())
