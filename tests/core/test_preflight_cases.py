"""What the validation before an upgrade says, case by case: tests/cases/preflight/*.yaml."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fabric_cases import NOW, fabric_of, inventory_of, ledger_of, load

from harness.core.errors import InputError
from harness.core.preflight import Preflight, Rank, UpgradeWish, validate
from harness.core.preflight._desk import CAUSES
from harness.core.preflight._order import aim_of, hops
from harness.lab import load_playbook
from harness.report import fixes_playbook

CASES = load("preflight")


def found_in(case: dict[str, Any]) -> Preflight:
    told = dict(case["wish"])
    window = timedelta(hours=told.pop("window", 24))
    return validate(fabric_of(case), UpgradeWish(**told, window=window), NOW, inventory_of(case), ledger_of(case))


def line(finding: Any) -> str:
    return f"{finding.rank} {finding.target} {finding.code}"


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_the_validation_says_what_the_case_expects(name, case):
    found = found_in(case)
    told = [f for f in found.findings if "only" not in case or f.target in case["only"]]
    assert [line(f) for f in told] == case["findings"]
    words = " ".join(f"{f.message} {f.next_step}" for f in told)
    for sentence in case.get("says", ()):
        assert sentence in words
    guests = {guest.name: guest for guest in found.guests}
    for guest, spans in case.get("spans", {}).items():
        said = [f"{s.node} {s.first}-{s.last} {s.stay} {s.code}".strip() for s in guests[guest].spans]
        assert said == spans
    for pool in found.pools:
        if pool.name in case.get("steps", {}):
            assert [f"{s.node} {s.release}" for s in pool.steps] == case["steps"][pool.name]
            assert [s.number for s in pool.steps] == list(range(1, len(pool.steps) + 1))


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_the_playbook_of_the_fixes_is_one_that_can_be_read(name, case, tmp_path):
    path = tmp_path / "fixes.yaml"
    path.write_text(fixes_playbook(found_in(case)), "utf-8")
    playbook = load_playbook(path)
    assert {tag for step in playbook.steps for tag in step.tags} <= {"before", "keys", "after"}


def test_every_cause_of_the_table_is_reached_by_some_case():
    reached = {finding.code for _, case in CASES for finding in found_in(case).findings}
    assert set(CAUSES.rows) - reached == set()


def test_every_cause_has_a_rank_and_a_next_step():
    for row in CAUSES.rows.values():
        assert row.rank in list(Rank)
        assert row.subject in {"cluster", "host", "guest"}
        assert row.next_step


def test_blockers_come_first_and_each_finding_stands_once():
    for _, case in CASES:
        found = found_in(case)
        ranks = [list(Rank).index(finding.rank) for finding in found.findings]
        assert ranks == sorted(ranks)
        assert len({(f.target, f.vm_id, f.code, f.message) for f in found.findings}) == len(found.findings)
        assert found.blocked is any(finding.rank is Rank.BLOCKER for finding in found.findings)


def test_spans_cover_every_state_of_every_node_a_guest_may_live_on():
    for _, case in CASES:
        found = found_in(case)
        last = {pool.name: pool.last for pool in found.pools}
        for guest in found.guests:
            nodes = {span.node for span in guest.spans}
            for node in nodes:
                states = [n for s in guest.spans if s.node == node for n in range(s.first, s.last + 1)]
                assert states == list(range(last[guest.pool] + 1))


@pytest.mark.parametrize(
    ("text", "release", "azure"),
    [
        ("2025", "2025", False),
        ("Windows Server 2022", "2022", False),
        ("24h2", "24H2", True),
        ("2012R2", "2012 R2", False),
    ],
)
def test_a_release_is_understood_as_people_write_it(text, release, azure):
    assert (aim_of(text).release, aim_of(text).azure) == (release, azure)


@pytest.mark.parametrize("text", ["", "2008 R2", "11", "1909", "2030"])
def test_what_is_no_release_to_upgrade_to_is_refused(text):
    with pytest.raises(InputError):
        aim_of(text)


@pytest.mark.parametrize(
    ("release", "to", "between"),
    [
        ("2019", "2022", ()),
        ("2016", "2022", ()),
        ("2012 R2", "2022", ("2019",)),
        ("2012 R2", "2025", ()),
        ("2012", "2025", ("2016",)),
        ("2012", "2019", ("2016",)),
        ("2012", "2022", ("2016",)),
        ("1909", "2022", ()),
        ("2025", "2022", ()),
    ],
)
def test_in_place_upgrades_go_as_far_as_microsoft_lets_them(release, to, between):
    assert hops(release, to) == between


VIEW = {"name": "CLU", "level": 10, "nodes": {"N1": "up", "N2": "up", "N3": "up"}}
HALFWAY = {
    "wish": {"to": "2022", "guests": False},
    "hosts": {
        "n1": {"cluster": "clu", "release": "2022", "view": VIEW},
        "n2": {"cluster": "clu", "release": "2019"},
        "n3": {"cluster": "clu", "release": "2019"},
    },
}


def test_two_findings_about_nodes_to_keep_off_give_one_list_of_owners():
    found = found_in(HALFWAY | {"guests": {"web01": {"host": "n1"}}})
    told = [finding.next_step for finding in found.findings if finding.code == "keep_off_nodes"]
    assert len(told) == 2
    assert all("Set-ClusterOwnerNode -Group 'web01' -Owners n1)" in step for step in told), told


def test_data_exchange_is_to_be_switched_on_where_the_vm_is_now():
    found = found_in(HALFWAY | {"guests": {"old01": {"host": "n3", "release": "2019", "data_exchange": "off"}}})
    (told,) = [finding.next_step for finding in found.findings if finding.target == "old01"]
    assert "On n3 run: Get-VMIntegrationService -VMName 'old01'" in told


def test_names_that_look_like_patterns_are_matched_as_they_are(tmp_path):
    case = {"wish": {"to": "2022"}, "guests": {"web[1]*?\u202e": {"release": "2019"}}}
    path = tmp_path / "fixes.yaml"
    path.write_text(fixes_playbook(found_in(case)), "utf-8")
    names = {name for step in load_playbook(path).steps for name in step.when.get("name", ())}
    assert names == {"web[[]1][*][?]\u202e"}


def test_the_case_files_are_all_read():
    assert {path.stem for path in (Path(__file__).parent.parent / "cases" / "preflight").iterdir()} == {
        "guests",
        "hosts",
    }
