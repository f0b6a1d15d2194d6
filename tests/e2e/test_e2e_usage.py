"""`avma usage` over the wire: what hosts logged over months equals what the world knows, and nothing is changed."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

SCHEMA = json.loads(Path("harness/report/schemas/usage.json").read_text())
NODE = '{{name: {name}, os: {{release: "2022", edition: Datacenter}}, method: mak, guests: [{guests}]}}'
GUEST = '{{name: {name}, os: {{release: "{release}"}}, key: avma, licensed: true, days_left: {left}}}'
HEAD = """
version: 1
name: months
start: now
real_time: false
clusters:
  - name: HVC
    licensing: host
    nodes:
"""
GUESTS = {
    "NODE-A": [("web-1", "2022", 6.5), ("web-2", "2019", 5), ("mover", "2016", 4)],
    "NODE-B": [("db-1", "2022", 3), ("sleeper", "2019", 6)],
    "NODE-C": [("app-1", "2022", 2), ("doomed", "2022", 6)],
}
TAGS = {"web-1": ["tenant-a", "front"], "web-2": ["tenant-a"], "db-1": ["tenant-b"], "=cmd|calc": ["x"]}


def world() -> str:
    nodes = []
    for name, guests in GUESTS.items():
        listed = ", ".join(GUEST.format(name=n, release=r, left=left) for n, r, left in guests)
        nodes.append(NODE.format(name=name, guests=listed))
    lines = "\n".join(f"      - {node}" for node in nodes)
    return HEAD + lines


def tagged(lab) -> str:
    """The lab's inventory with tags."""
    path = Path(lab.inventory)
    entries = ", ".join(f"{json.dumps(name)}: {{tags: {json.dumps(tags)}}}" for name, tags in TAGS.items())
    text, count = re.subn(r"^guests: \{\}$", f"guests: {{{entries}}}", path.read_text(), flags=re.MULTILINE)
    assert count == 1
    copy = path.with_name("tagged.yaml")
    copy.write_text(text)
    return str(copy)


def truth(lab) -> dict[str, list[tuple]]:
    """Per VM: when it asked, which host answered, and what; by the logs of both sides, not by what %2 says."""

    def read(running) -> dict[str, list[tuple]]:
        on_hosts = {id(e.values): host.name for host in running.world.hosts for e in host.windows.log.records}
        return {
            str(vm.id): [
                (e.time, on_hosts[id(e.values)].casefold(), int(e.values[0], 16))
                for e in vm.windows.log.records
                if e.event_id == 12309 and id(e.values) in on_hosts
            ]
            for vm in [*running.world.vms, *getattr(running, "removed", [])]
        }

    return lab.thread.do(read)


def licensed(lab) -> tuple[datetime, dict[str, bool]]:
    """The world's present, and for each VM whether it has a licence."""
    state = lab.get("/state")
    return datetime.fromisoformat(state["now"].replace("Z", "+00:00")), {
        vm["id"]: vm["license"]["status"] == 1 for host in state["hosts"] for vm in host["vms"]
    }


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def lapsed(guest: dict, moment: datetime) -> bool:
    """Whether by the document the guest had no lease at that moment."""
    return any(
        at(lapse["lease_ended"]) <= moment and (lapse["renewed"] is None or moment < at(lapse["renewed"]))
        for lapse in guest["renewals_missed"]
    )


def on_an_edge(guest: dict, moment: datetime) -> bool:
    """Whether a lapse begins or ends at that very second, which the document tells no finer."""
    edges = [time for lapse in guest["renewals_missed"] for time in lapse.values() if time]
    return any(abs(at(edge) - moment) <= timedelta(seconds=1) for edge in edges)


def remove(lab, name: str) -> Callable[[], object]:
    def act(running) -> None:
        vm = running.world.vm(name)
        vm.host.vms.remove(vm)
        running.removed = [vm]

    return lambda: lab.thread.do(act)


def months(lab, inventory: str, each: Callable[[], None]) -> list[tuple[datetime, dict[str, bool]]]:
    """Ninety days in which guests move, hosts lose and regain their licence, VMs sleep and one goes for good.

    Returns:
        the world's own licences, sampled every twelve hours.
    """
    todo = {
        12: lambda: lab.post("/vms/mover/move", {"to": "NODE-B"}),
        20: lambda: lab.post("/hosts/NODE-C/deactivate", {}),
        33: lambda: lab.post("/hosts/NODE-C/activate", {}),
        36: lambda: lab.post("/vms/sleeper/stop", {}),
        40: lambda: lab.post("/vms/mover/move", {"to": "NODE-C"}),
        52: lambda: lab.post("/vms/sleeper/start", {}),
        61: remove(lab, "doomed"),
        70: lambda: lab.post("/hosts/NODE-A/deactivate", {}),
        74: lambda: lab.post("/vms/web-2/move", {"to": "NODE-B"}),
    }
    samples = []
    for day in range(1, 91):
        if day in todo:
            todo[day]()
        for _ in range(2):
            lab.post("/clock", {"advance": "PT12H"})
            samples.append(licensed(lab))
        if day % 15 == 0:
            each()
    assert inventory
    return samples


@pytest.mark.gate
@pytest.mark.parametrize("payload", ["comma", "lines", "pairs", "vm_only", "blob"])
def test_ninety_days_equal_the_world_s_own_history(open_lab, figure, payload):
    with open_lab(world(), variants={"event_payload": payload}) as lab:
        inventory = tagged(lab)
        before = lab.changes()
        answers: list = []
        samples = months(lab, inventory, lambda: answers.append(lab.avma("usage", inventory=inventory)))
        assert {answer.code for answer in answers} == {0}, answers[-1].err
        figure("S3", lab.changes() - before, "usage, six times over 90 virtual days")
        document = answers[-1].document
        jsonschema.validate(document, SCHEMA)
        assert document["complete"] is True
        assert document["unattributed"] == []

        told = {
            guest["vm_id"]: [(at(e["time"]), e["host"], int(e["code"], 16)) for e in guest["history"]]
            for guest in document["guests"]
        }
        known = {
            vm_id: [(time.replace(microsecond=0), host, code) for time, host, code in entries]
            for vm_id, entries in truth(lab).items()
        }
        assert told == known
        assert sum(map(len, known.values())) > 100

        guests = {guest["vm_id"]: guest for guest in document["guests"]}
        last_seen = {vm_id: max(now for now, states in samples if vm_id in states) for vm_id in guests}
        wrong = [
            (guests[vm_id]["name"], now)
            for now, states in samples
            for vm_id, holds in states.items()
            if lapsed(guests[vm_id], now) == holds and not on_an_edge(guests[vm_id], now)
        ]
        assert wrong == []
        assert any(not holds for _, states in samples for holds in states.values()), "there were lapses"
        gone = {guest["name"]: guest for guest in guests.values() if guest["vanished"]}
        assert set(gone) == {"doomed"}
        assert at(gone["doomed"]["last_seen"]) <= last_seen[gone["doomed"]["vm_id"]] + timedelta(days=1)
        mover = next(guest for guest in guests.values() if guest["name"] == "mover")
        assert mover["hosts"] == ["node-a", "node-b", "node-c"]
        assert sum(entry["moved"] for entry in mover["history"]) == 2
        tags = {row["tag"]: row for row in document["tags"]}
        assert (tags["tenant-a"]["guests"], tags["tenant-b"]["guests"], tags[""]["guests"]) == (2, 1, 4)
        assert sum(len(guest["history"]) for guest in guests.values() if "tenant-a" in guest["tags"]) == (
            tags["tenant-a"]["activations"] + tags["tenant-a"]["refusals"]
        )


@pytest.mark.parametrize("variant", ["event_payload=no_ids", "event_payload=empty", "projected_event_values=names"])
def test_events_that_name_nobody_are_counted_and_given_to_nobody(open_lab, variant):
    with open_lab(world(), variants=dict([variant.split("=")])) as lab:
        lab.post("/clock", {"advance": "P10D"})
        document = lab.avma("usage").document
        jsonschema.validate(document, SCHEMA)
        assert len(document["unattributed"]) == sum(map(len, truth(lab).values())) > 7
        assert all(guest["history"] == [] for guest in document["guests"])
        shown = lab.avma("usage", output="text").out
        assert "none seen" in shown
        assert "never" not in shown, "nobody knows whose these events are"


def test_a_long_log_is_read_page_by_page(open_lab):
    with open_lab(world(), variants={"renewal": "two_hours"}) as lab:
        lab.post("/clock", {"advance": "P30D"})
        document = lab.avma("usage").document
        known = sum(map(len, truth(lab).values()))
        assert known > 2000
        assert document["summary"]["activations"] == known


def test_what_was_read_once_stays_when_the_log_is_cleared_and_the_gap_is_told(open_lab):
    with open_lab(world()) as lab:
        lab.post("/clock", {"advance": "P10D"})
        first = lab.avma("usage").document
        assert lab.avma("usage").document["summary"] == first["summary"], "nothing is counted twice"
        lab.post("/clock", {"advance": "P5D"})
        lab.thread.do(lambda running: running.world.host("NODE-A").windows.log.records.clear())
        lab.post("/clock", {"advance": "P10D"})
        later = lab.avma("usage").document
        assert later["complete"] is False
        gaps = {host["name"].casefold(): host["gap"] for host in later["hosts"]}
        assert "no longer holds" in gaps["node-a"]
        assert gaps["node-b"] is None
        old = {(g["vm_id"], e["time"]) for g in first["guests"] for e in g["history"]}
        new = {(g["vm_id"], e["time"]) for g in later["guests"] for e in g["history"]}
        assert old < new


def test_a_silent_host_makes_no_guest_vanish(open_lab):
    with open_lab(world()) as lab:
        lab.avma("usage")
        lab.post("/faults", {"faults": [{"kind": "refuse", "machine": "NODE-B"}]})
        answer = lab.avma("usage")
        assert answer.code == 4
        assert answer.document["complete"] is False
        assert answer.document["summary"]["vanished"] == 0
        limited = lab.avma("usage", "--limit", "NODE-A")
        assert limited.document["summary"]["vanished"] == 0


def test_a_window_shows_the_recent_past_only(open_lab):
    with open_lab(world()) as lab:
        lab.post("/clock", {"advance": "P60D"})
        whole, recent = lab.avma("usage").document, lab.avma("usage", "--since", "10d").document
        assert 0 < recent["summary"]["activations"] < whole["summary"]["activations"]
        edge = at(recent["since"])
        assert all(at(e["time"]) >= edge for g in recent["guests"] for e in g["history"])


def test_a_spreadsheet_gets_one_line_per_event_and_no_formula(open_lab, tmp_path):
    with open_lab(world().replace("web-1", '"=cmd|calc"', 1).replace("name: app-1", "name: '@app'")) as lab:
        inventory = tagged(lab)
        lab.post("/clock", {"advance": "P20D"})
        path = tmp_path / "usage.csv"
        document = lab.avma("usage", "--csv", str(path), inventory=inventory).document
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode())))
        assert len(rows) == sum(len(guest["history"]) for guest in document["guests"])
        assert {row["guest"] for row in rows} >= {"'=cmd|calc", "'@app", "web-2"}
        assert {row["tags"] for row in rows if row["guest"] == "web-2"} == {"tenant-a"}
        piped = lab.avma("usage", "--csv", "-", inventory=inventory, output="text")
        assert piped.out.splitlines()[0] == "time,host,guest,vm_id,tags,outcome,code,moved,attributed_by"
        assert "Guests" not in piped.out, "stdout holds the table only"


def test_the_table_for_people_names_tags_and_missed_renewals(open_lab):
    with open_lab(world()) as lab:
        lab.post("/hosts/NODE-C/deactivate", {})
        lab.post("/clock", {"advance": "P20D"})
        shown = lab.avma("usage", inventory=tagged(lab), output="text").out
        assert re.search(r"app-1 .*ended", shown), shown
        assert "tenant-a" in shown
