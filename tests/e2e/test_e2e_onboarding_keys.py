"""Keys are money: what a change costs is shown and confirmed, what was spent is listed, what is left is counted."""

import csv
import json
from pathlib import Path

import jsonschema
from onboarding_lab import blocked, cluster, give_keys, key_states, with_inventory

SCHEMA = Path("harness/report/schemas/ledger.json")
NODES = ("node-a", "node-b", "node-c")
NEWER = {"node-a": "y25-1", "node-b": "y25-2", "node-c": "y25-3"}


def test_other_keys_replace_the_present_ones_only_when_their_cost_is_accepted(open_cluster):
    with open_cluster(cluster()) as lab:
        assert lab.avma("onboard", "azl").code == 0
        newer = give_keys(lab, NEWER)
        refused = lab.avma("onboard", "azl", inventory=newer)
        assert blocked(refused) == dict.fromkeys(NODES, "host_key_replaces")
        assert refused.code == 3
        assert {len(tails) for tails in lab.keys().values()} == {1}

        done = lab.avma("onboard", "azl", "--accept-key-cost", inventory=newer)
        assert {r["state"] for r in done.document["results"]} == {"verified"}
        plan = json.loads(lab.avma("report", "last").out)["plan"]
        reasons = [action["reason"] for action in plan["actions"] if action["step"] == "host_key"]
        assert reasons[0].endswith("The old key stays used as well. With the new one 2 keys count for NODE-A.")
        assert {tuple(tails) for tails in lab.keys().values()} == {(f"2200{n}", f"2500{n}") for n in (1, 2, 3)}


def test_an_older_key_is_refused_even_when_its_cost_is_accepted(open_cluster):
    with open_cluster(cluster()) as lab:
        lab.avma("onboard", "azl")
        older = give_keys(lab, {"node-a": "y19-1", "node-b": "y19-2", "node-c": "y19-3"})
        refused = lab.avma("onboard", "azl", "--accept-key-cost", inventory=older)
        assert blocked(refused) == dict.fromkeys(NODES, "host_key_downgrade")
        assert {len(tails) for tails in lab.keys().values()} == {1}


def test_two_inventories_cannot_spend_the_same_key(open_cluster):
    with open_cluster(cluster({"NODE-C": {"key": None}})) as lab:
        one = give_keys(lab, {"node-a": "mak-2022", "node-b": "mak-2022"})
        first = lab.avma("onboard", "azl", inventory=one)
        assert key_states(first) == {"node-a": "verified", "node-b": "verified"}

        def under_another_name(document):
            told = {"kind": "mak", "version": "2022", "activations": 2, "key": {"file": "./keys/mak-2022"}}
            document["keys"]["munich"] = told
            document["clusters"]["AZL"]["nodes"]["NODE-C"]["key"] = "munich"

        second = lab.avma("onboard", "azl", inventory=with_inventory(lab, under_another_name))
        assert blocked(second)["node-c"] == "host_key_budget_spent"
        assert lab.keys()["node-c"] == []
        left = [b for b in lab.avma("ledger").document["budgets"] if b["kind"] == "mak"]
        assert [(b["names"], b["total"], b["used"], b["in_doubt"], b["left"]) for b in left] == [
            (["mak-2022"], 2, 2, 0, 0)
        ]


def test_a_mak_goes_to_as_many_nodes_as_it_has_activations(open_cluster):
    with open_cluster(cluster()) as lab:
        all_of_one = give_keys(lab, dict.fromkeys(NODES, "mak-2022"))
        answer = lab.avma("onboard", "azl", inventory=all_of_one)
        assert blocked(answer) == {"node-c": "host_key_budget_spent"}
        assert answer.code == 3
        assert lab.keys() == {"node-a": ["22900"], "node-b": ["22900"], "node-c": []}
        again = lab.avma("onboard", "azl", inventory=all_of_one)
        assert blocked(again) == {"node-c": "host_key_budget_spent"}
        assert lab.keys()["node-c"] == []


def test_the_ledger_is_exported_for_people_and_for_programs(open_cluster, tmp_path):
    with open_cluster(cluster()) as lab:
        lab.avma("onboard", "azl")
        shown = lab.avma("ledger").document
        assert lab.avma("ledger", "--export", str(tmp_path / "ledger.csv")).code == 0
        assert lab.avma("ledger", "--export", str(tmp_path / "ledger.json")).code == 0
        assert json.loads((tmp_path / "ledger.json").read_text()) == shown
        jsonschema.validate(shown, json.loads(SCHEMA.read_text()))
        with (tmp_path / "ledger.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(row["host"], row["last5"], row["state"], row["before"]) for row in rows] == [
            (node, f"2200{number}", "verified", "unknown") for number, node in enumerate(NODES, start=1)
        ]
        assert all(row["person"] and row["run_id"] and row["intended"] for row in rows)
        wrong = lab.avma("ledger", "--export", str(tmp_path / "ledger.xlsx"))
        assert (wrong.code, ".csv or .json" in wrong.err) == (5, True)
        everything = "".join(path.read_text() for path in (tmp_path / "ledger.csv", tmp_path / "ledger.json"))
        assert "FAKE0" not in everything


def test_a_name_that_looks_like_a_formula_is_harmless_in_a_spreadsheet(tmp_path):
    from harness.cli._ledger import _csv

    row = dict.fromkeys(("id", "key_name"), "=cmd|' /C calc'!A0") | {"host": "n1"}
    assert "'=cmd" in _csv([row])
    assert ",=cmd" not in _csv([row])
