"""One world: let its history happen, verify it over the wire, and hold every verdict against the lab's own state."""

import contextlib
import io
import json
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from verdict_worlds import VerdictWorld

from harness.cli import main
from harness.sim._topology_form import GuestForm
from harness.sim.lab import LabThread

__all__ = ["Trial", "Truth", "attempt", "compare", "witness"]

Json = dict[str, Any]


@dataclass
class Trial:
    """What became of one world: verdicts by kind, unknown ones by cause, and each that the world proves wrong."""

    seed: int
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    false_yes: list[str] = field(default_factory=list)
    false_no: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Every other untruth: of a host, a channel, an expiry, an unknown without a reason."""
    struck: int = 0

    @property
    def guests(self) -> int:
        return sum(self.verdicts.values())

    @property
    def failures(self) -> list[str]:
        return [f"seed {self.seed}: {told}" for told in (*self.false_yes, *self.false_no, *self.wrong)]


def attempt(world: VerdictWorld) -> Trial:
    """Every verdict of `avma verify` on one world, against what is true there before and after."""
    document, truth = witness(world)
    trial = Trial(world.seed, struck=truth.strikes)
    if truth.changes:
        trial.wrong.append(f"verify sent {truth.changes} state-changing commands")
    compare(trial, document, truth)
    return trial


def witness(world: VerdictWorld) -> tuple[Json, "Truth"]:
    """The document of `avma verify` over the wire, and what was true meanwhile."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LabThread(world.topology, seed=world.seed, variants=world.variants, directory=Path(folder) / "lab") as lab,
    ):
        control = _Control(lab.document["control"])
        ids = _live_through(world, control)
        changed = control.changes()
        control.post("/faults", {"faults": list(world.faults)})
        before = control.get("/state")
        document = _verify(lab.document["inventory"], folder)
        after = control.get("/state")
        faults = control.get("/faults")["faults"]
        changed = control.changes() - changed
    return document, Truth((before, after), faults, dict(zip(ids, world.forms, strict=True)), changed)


def _verify(inventory: str, folder: str) -> Json:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["verify", "-i", inventory, "--store", f"{folder}/s.db", "--output", "json"])
    assert out.getvalue(), err.getvalue()
    return {**json.loads(out.getvalue()), "exit_code": code}


def _live_through(world: VerdictWorld, control: "_Control") -> list[str]:
    """The world's history, in which a VM goes by its place among all. Returns all VMs' ids in the file's order."""
    ids = [vm["id"] for host in control.get("/state")["hosts"] for vm in host["vms"]]
    for path, body in world.acts:
        rest = {name: value for name, value in body.items() if name != "vm"}
        control.post(path.format(vm=ids[body["vm"]]) if "vm" in body else path, rest)
    return ids


@dataclass(frozen=True)
class _Control:
    url: str

    def get(self, path: str) -> Json:
        with urllib.request.urlopen(self.url + path) as answer:
            document: Json = json.loads(answer.read())
        return document

    def post(self, path: str, body: Mapping[str, object]) -> None:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            answer.read()

    def changes(self) -> int:
        return sum(machine["state_changing"] for machine in self.get("/counters")["by_host"].values())


# -- the truth ---------------------------------------------------------------------------------------------------------


class Truth:
    """The world before and after a verification; in between it may have been moved by faults.

    Args:
        states: both, as the control interface tells them.
        faults: those in force, with how often each struck.
        forms: what the topology says of each VM, by its id.
        changes: state-changing commands meanwhile.
    """

    def __init__(
        self, states: tuple[Json, Json], faults: list[Json], forms: Mapping[str, GuestForm], changes: int
    ) -> None:
        self.states, self.forms, self.changes = states, forms, changes
        self.passed = _moment(states[1]["now"]) - _moment(states[0]["now"])
        self.strikes = sum(fault["struck"] for fault in faults)
        self._kinds = {fault["kind"] for fault in faults if fault["struck"]}
        self._names = Counter(form.name for form in forms.values())

    def misled(self, vm_id: str) -> bool:
        """Whether the way to the guest is wrong hearsay: a name that others bear, an address that is not its."""
        form = self.forms[vm_id]
        return self._names[form.name] > 1 or "NetworkAddressIPv4" in form.kvp

    def vm(self, vm_id: str) -> list[tuple[Json, Json]]:
        """The VM and its host, before and after."""
        return [(vm, host) for state in self.states for vm, host in _vms(state) if vm["id"] == vm_id]

    def host(self, name: str) -> list[Json]:
        return [host for state in self.states for host in state["hosts"] if host["name"].casefold() == name.casefold()]

    @property
    def faulty(self) -> bool:
        """Whether any fault struck at all; a fault of a host is one of the way into its guests."""
        return bool(self._kinds)

    def clock_is_off(self, vm_id: str) -> bool:
        """Whether the guest's clock is wrong, or jumped while it was asked."""
        system = self.forms[vm_id].os
        return (system is not None and system.clock_error != 0) or "clock_jump" in self._kinds


def _vms(state: Json) -> list[tuple[Json, Json]]:
    return [(vm, host) for host in state["hosts"] for vm in host["vms"]]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _activated(vm: Json) -> bool:
    licence = vm["license"]
    return bool(licence) and licence["channel"] == "VT:IA" and licence["status"] == 1


# -- the judgement -----------------------------------------------------------------------------------------------------


def compare(trial: Trial, document: Json, truth: Truth) -> None:
    """Note every verdict of a verify document that the world proves wrong."""
    for guest in document["guests"]:
        trial.verdicts[guest["verdict"]] += 1
        _judge(trial, guest, truth)
    for host in document["hosts"]:
        fault = _host_fault(host, truth.host(host["name"]))
        if fault:
            trial.wrong.append(f"host {host['name']} {[r['code'] for r in host['reasons']]}: {fault}")
    if not truth.faulty:
        met = {guest["vm_id"].casefold() for guest in document["guests"]}
        lost = [vm["name"] for vm, _ in _vms(truth.states[0]) if vm["id"] not in met]
        if lost:
            trial.wrong.append(f"VMs without a verdict: {lost}")


def _judge(trial: Trial, guest: Json, truth: Truth) -> None:
    seen = truth.vm(guest["vm_id"].casefold())
    codes = [reason["code"] for reason in guest["reasons"]]
    shown = [(vm["state"], vm["license"]) for vm, _ in seen]
    told = f"{guest['name']} ({guest['os_version']} {guest['edition']}): said {guest['verdict']} {codes}, is {shown}"
    active = {_activated(vm) for vm, _ in seen}
    if guest["verdict"] == "activated" and True not in active:
        trial.false_yes.append(told)
    elif guest["verdict"] in {"not_activated", "not_applicable"} and False not in active:
        trial.false_no.append(told)
    elif fault := _CHECKS[guest["verdict"]](guest, codes, seen, truth):
        trial.wrong.append(f"{told}: {fault}")
    if guest["verdict"] == "unknown":
        trial.causes[codes[0] if codes else "none"] += 1


Check = Callable[[Json, list[str], list[tuple[Json, Json]], Truth], str]


def _check_activated(guest: Json, codes: list[str], seen: list[tuple[Json, Json]], truth: Truth) -> str:
    """The lease, its granter and what threatens it."""
    licences = [vm["license"] for vm, _ in seen if _activated(vm)]
    slack = 2 + int(truth.passed / timedelta(minutes=1))
    if not any(abs(guest["expires_minutes"] - licence["expires_minutes"]) <= slack for licence in licences):
        return f"{guest['expires_minutes']} minutes left"
    if not any(_short(guest["granted_by"]) == _short(licence["granted_by"]) for licence in licences):
        return f"granted by {guest['granted_by']}"
    if guest["channel"] != "VT:IA":
        return f"channel {guest['channel']}"
    return f"threatened by {codes}" if "will_lapse" in codes and not any(_threatened(*pair) for pair in seen) else ""


def _threatened(vm: Json, host: Json) -> bool:
    """Whether a renewal where the VM is now may fail; the outer bound, since an exact answer needs the variants."""
    service = _exchange(vm)
    newer = not host["flavour"].startswith("azure") and str(vm["os_version"]) > str(host["os_version"])
    return (
        not _may_activate(host)
        or newer
        or host["flavour"].startswith("azure")
        or not service["enabled"]
        or service["status"] != "Ok"
    )


def _check_refused(guest: Json, codes: list[str], seen: list[tuple[Json, Json]], _truth: Truth) -> str:
    if not codes:
        return "without a reason"
    untrue = [code for code in codes if code in _CAUSES and not any(_CAUSES[code](*pair) for pair in seen)]
    if untrue:
        return f"{untrue} is not so"
    bare = [reason["code"] for reason in guest["reasons"] if not reason["next_step"] or not reason["message"]]
    return f"no next step in {bare}" if bare else ""


def _exchange(vm: Json) -> Json:
    found: Json = next(one for one in vm["integration_services"].values() if one["id"].startswith("2A34B1C2"))
    return found


_CAUSES: Mapping[str, Callable[[Json, Json], bool]] = {
    "host_not_activated": lambda _, host: not host["activated"],
    "host_no_key": lambda _, host: not host["activated"],
    "host_wrong_edition": lambda _, host: host["edition"] != "Datacenter",
    "host_key_missing": lambda _, host: not any(key["accepted"] for key in host["keys_applied"]),
    "host_too_old": lambda vm, host: str(vm["os_version"]) > str(host["os_version"]),
    "data_exchange_off": lambda vm, _: not _exchange(vm)["enabled"],
    "data_exchange_no_contact": lambda vm, _: _exchange(vm)["status"] != "Ok",
    "evaluation_edition": lambda vm, _: bool(vm["evaluation"]),
    "no_key": lambda vm, _: vm["license"]["last5"] is None,
    "wrong_key": lambda vm, _: vm["license"]["last5"] is not None,
    "refused_elsewhere": lambda vm, _: vm["license"]["channel"] == "VT:IA",
    "refused_before": lambda vm, host: vm["license"]["channel"] == "VT:IA" and _may_activate(host),
    "other_method": lambda vm, _: vm["license"]["channel"] not in {None, "VT:IA"},
    "not_a_windows_server_guest": lambda vm, _: vm["family"] != "server",
    "guest_off": lambda vm, _: vm["state"] == "Off",
    "not_activated_yet": lambda vm, _: vm["license"]["channel"] == "VT:IA",
}
"""What has to be so where a verdict names that cause."""


def _check_inapplicable(guest: Json, codes: list[str], seen: list[tuple[Json, Json]], truth: Truth) -> str:
    """Another licence that holds, a system that AVMA is not for, or an edition without a key."""
    for vm, _ in seen:
        licence, family = vm["license"], vm["family"]
        other = bool(licence) and licence["channel"] not in {None, "VT:IA"} and licence["status"] == 1
        if other or family != "server" or "no_avma_key_published" in codes:
            return _check_refused(guest, codes, seen, truth)
    lied = truth.forms[guest["vm_id"].casefold()].kvp
    return "" if lied and guest["witnesses"][0]["says"].startswith("Silent") else "AVMA is for it"


def _check_unknown(guest: Json, codes: list[str], seen: list[tuple[Json, Json]], truth: Truth) -> str:
    if not codes:
        return "without a reason"
    explains = _EXPLAINED.get(codes[0])
    if explains is not None and any(explains(vm, truth) for vm, _ in seen):
        return _check_refused(guest, codes, seen, truth)
    return "" if truth.faulty and codes[0] in _BY_FAULT else "nothing explains it"


_BY_FAULT = frozenset(
    {
        "access_denied",
        "authentication_failed",
        "authority_silent",
        "certificate_not_trusted",
        "connect_failed",
        "connection_lost",
        "deadline_exceeded",
        "guest_silent",
        "host_silent",
        "protocol_error",
        "remote_command_failed",
        "session_gone",
        "state_in_flux",
        "transport_error",
        "winrm_quota",
        "witnesses_disagree",
        "lease_implausible",
    }
)
"""What a fault may cause; each is a refusal to judge, never a judgement."""

_EXPLAINED: Mapping[str, Callable[[Json, Truth], bool]] = {
    "guest_off": lambda vm, _: vm["state"] == "Off",
    "guest_not_running": lambda vm, _: vm["state"] in {"Saved", "Paused"},
    "no_access": lambda vm, truth: vm["access"] == "none" or truth.misled(vm["id"]),
    "guest_not_ready": lambda vm, truth: truth.misled(vm["id"]),
    "machine_unproven": lambda vm, truth: truth.misled(vm["id"]),
    "wrong_machine": lambda vm, truth: truth.misled(vm["id"]),
    "connect_failed": lambda vm, truth: truth.misled(vm["id"]),
    "witnesses_disagree": lambda vm, truth: bool(truth.forms[vm["id"]].kvp),
    "lease_implausible": lambda vm, truth: truth.clock_is_off(vm["id"]),
}


def _short(name: str | None) -> str:
    return (name or "").partition(".")[0].casefold()


# -- hosts -------------------------------------------------------------------------------------------------------------


def _may_activate(host: Json) -> bool:
    server = host["flavour"].startswith("azure") or host["edition"] == "Datacenter"
    return bool(host["activated"]) and bool(host["hyperv"]) and server


def _host_fault(told: Json, seen: list[Json]) -> str:
    ready = {_may_activate(host) for host in seen}
    if told["avma_ready"] is True and True not in ready:
        return "said ready, and is not"
    if told["avma_ready"] is False and False not in ready:
        return "said not ready, and is"
    return "" if told["avma_ready"] is True or told["reasons"] else "without a reason"


_CHECKS: Mapping[str, Check] = {
    "activated": _check_activated,
    "not_activated": _check_refused,
    "not_applicable": _check_inapplicable,
    "unknown": _check_unknown,
}
