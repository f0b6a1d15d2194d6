"""What goes wrong on a real day: one clear sentence each, the right exit code, and the other hosts finish."""

import re
from pathlib import Path

import pytest

KEY_COMMAND = "Set-VMAutomaticActivation"


def edited(lab, tmp_path: Path, old: str, new: str) -> str:
    """The lab's inventory with one thing changed, beside the original so that its relative paths hold."""
    path = Path(lab.inventory)
    text = path.read_text()
    assert re.search(old, text), f"{old} is not in the inventory"
    copy = path.with_name("changed.yaml")
    copy.write_text(re.sub(old, new, text, count=1))
    return str(copy)


def address_of(lab, name: str) -> str:
    return next(e["address"] for e in lab.thread.document["endpoints"] if e["name"].casefold() == name)


def unreached(answer, target: str) -> dict:
    assert "Traceback" not in answer.err
    found = [item for item in answer.document["unreachable"] if item["target"].casefold() == target]
    assert len(found) == 1, answer.document["unreachable"]
    assert found[0]["message"]
    assert found[0]["next_step"]
    others = {host["name"].casefold() for host in answer.document["hosts"] if host["os_version"]}
    assert others == {"hv-one", "node-a", "node-b", "node-c"} - {target}, "the other hosts finish"
    return found[0]


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("address: no-such-host.invalid", "name_not_resolved"),
        ("address: 127.255.255.254", "connect_failed"),
    ],
    ids=["a name that does not resolve", "a closed port"],
)
def test_a_host_that_cannot_be_called_is_named(open_lab, tmp_path, new, code):
    with open_lab() as lab:
        old = rf"address: {re.escape(address_of(lab, 'hv-one'))}\b"
        answer = lab.avma("verify", inventory=edited(lab, tmp_path, old, new))
        assert unreached(answer, "hv-one")["code"] == code
        assert answer.code == 4


def test_a_wrong_password_is_one_sentence_and_exit_4(open_lab):
    with open_lab() as lab:
        Path(lab.inventory).with_name("host-password").write_text("not-the-password")
        answer = lab.avma("verify")
        codes = {item["code"] for item in answer.document["unreachable"]}
        assert codes == {"authentication_failed"}
        assert answer.code == 4
        assert "not-the-password" not in answer.out + answer.err
        assert "Traceback" not in answer.err


def test_an_untrusted_certificate_is_one_sentence_and_exit_4(open_lab, tmp_path):
    from harness.sim._tls import CertificateAuthority

    with open_lab() as lab:
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        Path(lab.thread.document["ca"]).write_bytes(CertificateAuthority(stranger).path.read_bytes())
        answer = lab.avma("verify")
        assert {item["code"] for item in answer.document["unreachable"]} == {"certificate_not_trusted"}
        assert answer.code == 4


def test_a_lab_that_stops_in_the_middle_leaves_a_finished_run(open_lab):
    with open_lab() as lab:
        lab.post("/faults", {"faults": [{"kind": "refuse", "machine": "NODE-B", "action": None}]})
        answer = lab.avma("verify")
        found = unreached(answer, "node-b")
        assert found["code"] in ("connect_failed", "connection_lost")
        assert answer.code == 4
        assert lab.avma("runs").document["runs"][0]["exit_code"] == 4


@pytest.mark.gate
@pytest.mark.parametrize("kind", ["reset", "truncated", "http_500", "unauthorized", "shell_killed", "service_restart"])
@pytest.mark.parametrize("leg", ["Command", "Receive"])
def test_a_key_whose_answer_is_lost_is_settled_by_reading(open_lab, figure, kind, leg):
    with open_lab() as lab:
        fault = {"kind": kind, "phase": "after", "machine": "NODE-A", "action": f"{leg}:{KEY_COMMAND}"}
        lab.post("/faults", {"faults": [fault]})
        answer = lab.avma("onboard", "azl")
        struck = lab.get("/faults")["faults"][0]
        keys = [r for r in answer.document["results"] if r["step"] == "host_key" and r["target"].casefold() == "node-a"]
        assert struck["struck"] == 1, "the fault was reached"
        assert [r["state"] for r in keys] == ["verified"], keys
        sent = lab.keys()
        figure("S1", max(len(tails) for tails in sent.values()), f"{kind} on {leg} of the key's answer")
        entries = lab.avma("ledger").document["entries"]
        by_ledger = {e["host"].partition(".")[0]: [e["last5"]] for e in entries if e["state"] == "verified"}
        by_lab = {name: tails for name, tails in sent.items() if tails}
        figure("S2", float(by_ledger != by_lab), "runs with a lost answer")
        assert by_ledger == by_lab
        assert lab.avma("onboard", "azl").document["results"] == []
        assert lab.keys() == sent


def test_a_key_that_never_left_is_free_again(open_lab):
    with open_lab() as lab:
        fault = {"kind": "quota_operations", "machine": "NODE-A", "action": f"Command:{KEY_COMMAND}", "times": 0}
        lab.post("/faults", {"faults": [fault]})
        answer = lab.avma("onboard", "azl")
        assert next(r["state"] for r in answer.document["results"] if r["target"].casefold() == "node-a") == "failed"
        assert lab.keys()["node-a"] == []
        assert answer.code == 3
        lab.post("/faults", {"faults": []})
        again = lab.avma("onboard", "azl")
        assert {r["state"] for r in again.document["results"]} == {"verified"}
        assert all(len(tails) == 1 for name, tails in lab.keys().items() if name.startswith("node"))
