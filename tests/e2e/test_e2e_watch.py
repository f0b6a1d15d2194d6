"""`avma verify --watch` over the wire: it waits for what may still come, tells changes only, and changes nothing."""

import json

import pytest

import harness.cli._run as command
from harness.core.verdict import causes
from harness.core.verdict.patience import LASTING
from harness.engine import SystemClock

WORLD = """
version: 1
name: waiting
start: now
hosts:
  - name: HV-ONE
    os: {release: "2022", edition: Datacenter}
    guests:
      - {name: slow, os: {release: "2022"}, key: avma}
      - {name: done, os: {release: "2019"}, key: avma, licensed: true}
      - {name: newer, os: {release: "2025"}, key: avma}
      - {name: asleep, os: {release: "2022"}, key: avma, state: "off"}
"""


class Stepping(SystemClock):
    """Instead of waiting, lets the next thing happen in the lab; time passes as if it had waited."""

    def __init__(self, steps) -> None:
        self._steps = list(steps)
        self._slept = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._slept += seconds
        if self._steps:
            self._steps.pop(0)()


@pytest.fixture
def clock(monkeypatch):
    """Put a stepping clock into the next run."""

    def put(*steps) -> Stepping:
        made = Stepping(steps)
        monkeypatch.setattr(command, "SystemClock", lambda: made)
        return made

    return put


def activate(lab, name: str):
    """What somebody else does meanwhile: /ato inside the guest."""
    return lambda: lab.thread.do(lambda running: running.world.activate(running.world.vm(name).windows))


def nothing() -> None:
    """A round in which nothing happens."""


@pytest.mark.gate
def test_watching_ends_when_the_last_that_can_be_is_activated(open_lab, clock, figure):
    with open_lab(WORLD) as lab:
        waits = clock(nothing, activate(lab, "slow"))
        before = lab.changes()
        answer = lab.avma("verify", "--watch", "--every", "20s", "--deadline", "10m")
        figure("S3", lab.changes() - before, "verify --watch, three rounds")
        assert waits.waits == [20.0, 20.0], "it ended with the round that saw it"
        verdicts = {guest["name"]: guest["verdict"] for guest in answer.document["guests"]}
        assert verdicts == {
            "slow": "activated", "done": "activated", "newer": "not_activated", "asleep": "unknown",
        }  # fmt: skip
        assert answer.code == 7, "guests that cannot be activated are still not"
        lines = answer.err.splitlines()
        assert [line for line in lines if line.startswith("slow")] == [
            "slow on HV-ONE: activated (was not_activated)"
        ], lines
        assert sum("Waiting for 1 guest(s): slow." in line for line in lines) == 1
        assert {line.split(":")[0] for line in lines if "not waited for" in line} == {"newer", "asleep"}
        assert len(lines) < 8, "changes only"


def test_a_deadline_ends_it_and_names_who_is_missing(open_lab, clock):
    with open_lab(WORLD) as lab:
        waits = clock()
        answer = lab.avma("verify", "--watch", "--every", "40s", "--deadline", "1m30s")
        assert waits.waits == [40.0, 40.0, 10.0]
        assert answer.code == 7
        assert "still waiting for 1 guest(s): slow" in answer.err


def test_a_host_that_goes_and_comes_back_is_told_once_each(open_lab, clock):
    with open_lab(WORLD) as lab:
        gone = [{"kind": "refuse", "machine": "HV-ONE"}, {"kind": "reset", "phase": "before", "machine": "HV-ONE"}]

        def set_faults(faults: list) -> None:
            lab.post("/faults", {"faults": faults})

        waits = clock(lambda: set_faults(gone), nothing, nothing, lambda: set_faults([]), activate(lab, "slow"))
        answer = lab.avma("verify", "--watch", "--every", "20s", "--deadline", "1h", output="ndjson")
        events = [json.loads(line) for line in answer.out.splitlines()]
        about_host = [e["event"] for e in events if e.get("target") == "HV-ONE"]
        assert about_host == ["LaneFailed", "LaneFinished"], events
        assert [e["verdict"] for e in events if e["event"] == "GuestChanged" and e["target"] == "slow"][
            -1
        ] == "activated"
        assert waits.waits, "a silent host does not end it"
        assert events[-1]["event"] == "RunFinished"
        assert sum(e["event"] == "VerdictReady" for e in events) == 1
        assert not any(e["event"] in ("PhaseStarted", "LaneStarted") for e in events)


@pytest.mark.parametrize(("option", "value"), [("--every", "soon"), ("--deadline", "0")])
def test_a_duration_that_is_none_is_invalid_input(open_lab, option, value):
    with open_lab(WORLD) as lab:
        answer = lab.avma("verify", "--watch", option, value)
        assert answer.code == 5
        assert option in answer.err


def test_every_lasting_cause_is_a_cause_of_the_catalogue():
    assert set(causes()) >= LASTING
