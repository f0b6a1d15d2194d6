"""Builds facts, inventory, ledger and playbook from the short YAML of tests/cases/verdict and tests/cases/plan.

A case names only what differs from a healthy lab: one activated 2022 Datacenter host "hv1" with one activated 2022
Standard guest "web01". Times are minutes before the guest's clock; ``null`` takes a default away.
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from ruamel.yaml import YAML

from harness.core.catalogue import avma_key, gvlk
from harness.core.model import (
    DATA_EXCHANGE,
    WINDOWS_APPLICATION_ID,
    Action,
    ActivationEvent,
    Auth,
    ClusterEntry,
    ClusterNode,
    ClusterView,
    Connection,
    CredentialEntry,
    FabricFacts,
    Flavour,
    GuestAccess,
    GuestFacts,
    GuestLane,
    HostActivation,
    HostEntry,
    HostFacts,
    HostKeyEntry,
    HostLane,
    IntegrationService,
    Inventory,
    KeyKind,
    LaneFailure,
    LicenceRecord,
    Licensing,
    ModuleInfo,
    OperatingSystem,
    PartState,
    Playbook,
    SecretRef,
    ServerSubscription,
    Step,
    StepKind,
    VirtualMachine,
    VmState,
)
from harness.core.planning import LedgerView, SpentKey

CASES = Path(__file__).parent.parent / "cases"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEARTBEAT = "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47"
COMPONENTS = {"data_exchange": DATA_EXCHANGE, "heartbeat": HEARTBEAT}
STATUS = {"ok": 2, "no_contact": 12, "lost": 13, "disabled": 32896, None: None}

HOST: dict[str, Any] = {
    "flavour": "server_datacenter",
    "release": "2022",
    "edition": "Datacenter",
    "evaluation": False,
    "hyperv": True,
    "licence": {"channel": "Volume:MAK", "status": 1, "tail": "HOSTK"},
    "modules": [],
    "parts": {},
    "licensing": "host",
    "skew": 0,
}
GUEST: dict[str, Any] = {
    "host": "hv1",
    "state": "running",
    "data_exchange": "ok",
    "access": "winrm",
    "reachable": True,
    "release": "2022",
    "edition": "Standard",
    "evaluation": False,
    "product_type": 3,
    "skew": 0,
    "kvp": {},
    "licence": {"key": "avma", "status": 1, "grace": 10000, "granted": 80, "by": "HV1.lab.test"},
    "dlv": {},
    "guest_event": {"age": 80, "hr": 0},
    "host_event": {"age": 80, "hr": 0},
    "parts": {},
}
BUILDS = {
    "2008 R2": 7601,
    "2012": 9200,
    "2012 R2": 9600,
    "2016": 14393,
    "2019": 17763,
    "1909": 18363,
    "2022": 20348,
    "2025": 26100,
    "22H2": 20349,
    "23H2": 25398,
}


def load(subject: str) -> list[tuple[str, dict[str, Any]]]:
    """Every case of a subject with its sentence, in the order of files and rows."""
    return [
        (f"{path.stem}: {case['name']}", case)
        for path in sorted((CASES / subject).glob("*.yaml"))
        for case in YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    ]


def merged(base: Mapping[str, Any], change: Mapping[str, Any] | None) -> dict[str, Any]:
    """The base with what a case says laid over it."""
    result = copy.deepcopy(dict(base))
    for name, value in (change or {}).items():
        result[name] = (
            merged(result[name], value) if isinstance(value, dict) and isinstance(result.get(name), dict) else value
        )
    return result


def vm_id(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


def minutes_ago(minutes: float | None, clock: datetime) -> datetime | None:
    return None if minutes is None else clock - timedelta(minutes=minutes)


def fabric_of(case: Mapping[str, Any]) -> FabricFacts:
    """The facts of a case."""
    hosts = {n: merged(HOST, h) for n, h in case.get("hosts", {"hv1": {}}).items()}
    guests = {n: merged(GUEST, g) for n, g in case.get("guests", {"web01": {}}).items()}
    lanes = tuple(_guest_lane(name, guest) for name, guest in guests.items())
    return FabricFacts(hosts=tuple(_host_lane(name, host, guests, lanes) for name, host in hosts.items()), guests=lanes)


def _parts(names: tuple[str, ...], told: Mapping[str, Any]) -> dict[str, PartState]:
    parts = {name: PartState(ok=True) for name in names}
    for name, code in told.items():
        if code is None:
            parts.pop(name, None)
        else:
            parts[name] = PartState(ok=code == "ok", code="" if code == "ok" else code)
    return parts


def _failure(told: Mapping[str, Any] | None) -> LaneFailure | None:
    if told is None:
        return None
    return LaneFailure(told["code"], told.get("message", "It did not answer."), told.get("next_step", "Look at it."))


def _host_lane(name: str, host: dict[str, Any], guests: dict[str, Any], lanes: tuple[GuestLane, ...]) -> HostLane:
    failure = _failure(host.get("failure"))
    if failure is not None or host.get("silent"):
        return HostLane(name, None, failure, host.get("cluster"))
    clock = NOW + timedelta(minutes=host["skew"])
    facts = HostFacts(
        name=name,
        os=OperatingSystem(
            caption=host.get("caption"),
            build=BUILDS.get(host["release"]),
            computer_name=host.get("computer_name", name.upper()),
            release=host["release"],
            edition=host["edition"],
            evaluation=host["evaluation"],
            clock=clock,
        ),
        flavour=Flavour(host["flavour"]),
        hyperv=host["hyperv"],
        licences=(_plain_licence(host["licence"]),) if host["licence"] else (),
        vms=tuple(lane.vm for lane in lanes if lane.host == name),
        events=_host_events(name, host, guests),
        modules=tuple(_module(text, host.get("module_version", (1, 1))) for text in host["modules"]),
        cluster=_view(host.get("view")),
        activation=_activation(host.get("activation")),
        parts=_parts(
            (
                *("os", "licences", "hyperv", "vms", "services", "kvp", "events", "modules", "activation"),
                *("registration", "subscription"),
            ),
            host["parts"],
        ),
        gathered_at=NOW,
        subscription=_subscription(host.get("subscription"), clock),
    )
    return HostLane(name, facts, None, host.get("cluster"))


def _module(text: str, version: Sequence[int]) -> ModuleInfo:
    """ "Name", or "Name 2.3" where its version is another than the host's ``module_version``."""
    name, _, own = text.partition(" ")
    return ModuleInfo(name, tuple(map(int, own.split("."))) if own else tuple(version))


def _plain_licence(told: Mapping[str, Any]) -> LicenceRecord:
    return LicenceRecord(
        application_id=WINDOWS_APPLICATION_ID,
        partial_product_key=told["tail"],
        product_key_channel=told["channel"],
        status=told["status"],
    )


def _activation(told: Mapping[str, Any] | None) -> HostActivation | None:
    if told is None:
        return None
    return HostActivation(told.get("configured"), told.get("last5"), told.get("version"), raw=())


def _subscription(told: Mapping[str, Any] | None, clock: datetime) -> ServerSubscription | None:
    if told is None:
        return None
    days = told.get("synced_days_ago")
    return ServerSubscription(
        active=told.get("active"),
        status=told.get("status"),
        registered=told.get("registered"),
        last_connected=clock - timedelta(days=days) if days is not None else None,
    )


def _view(told: Mapping[str, Any] | None) -> ClusterView | None:
    if told is None:
        return None
    nodes = tuple(ClusterNode(name, state) for name, state in told["nodes"].items())
    return ClusterView(told["name"], told.get("level"), nodes)


def _event(
    event_id: int, told: Mapping[str, Any], clock: datetime, guids: list[str], names: list[str]
) -> ActivationEvent:
    return ActivationEvent(
        event_id=event_id,
        record_id=told.get("record", 1),
        time=minutes_ago(told.get("age"), clock),
        computer=told.get("computer"),
        hresult=told.get("hr"),
        payload="",
        guids=tuple(guids),
        names=tuple(names),
    )


def _host_events(name: str, host: dict[str, Any], guests: dict[str, Any]) -> tuple[ActivationEvent, ...]:
    """Each guest's own event on its host (or on ``on``), and the host's extra ones."""
    clock = NOW + timedelta(minutes=host["skew"])
    events = [
        _event(12310, {"computer": name.upper()} | told, clock, told.get("ids", [vm_id(guest)]), told.get("names", []))
        for guest, facts in guests.items()
        if (told := facts["host_event"]) and told.get("on", facts["host"]) == name
    ]
    events += [
        _event(12310, told, clock, [vm_id(n) for n in told.get("of", [])], told.get("names", []))
        for told in host.get("events", [])
    ]
    return tuple(events)


def _vm(name: str, guest: dict[str, Any]) -> VirtualMachine:
    word = guest["data_exchange"]
    services = []
    if word is not None:
        services.append(
            IntegrationService(DATA_EXCHANGE, "Austausch", word != "off", STATUS["disabled" if word == "off" else word])
        )
        services.append(IntegrationService(HEARTBEAT, "Takt", enabled=True, status=2))
    kvp = {k: str(v) for k, v in guest["kvp"].items()}
    return VirtualMachine(
        vm_id=vm_id(name),
        name=guest.get("vm_name", name),
        state=VmState(guest["state"]),
        host=guest["host"],
        clustered=guest.get("clustered"),
        services=tuple(services),
        kvp=kvp,
    )


def _guest_lane(name: str, guest: dict[str, Any]) -> GuestLane:
    vm, access, failure = _vm(name, guest), GuestAccess(guest["access"]), _failure(guest.get("failure"))
    inside = (
        vm.state is VmState.RUNNING and access is not GuestAccess.NONE and failure is None and not guest.get("silent")
    )
    return GuestLane(vm, guest["host"], access, _guest_facts(name, vm, guest) if inside else None, failure)


def _guest_facts(name: str, vm: VirtualMachine, guest: dict[str, Any]) -> GuestFacts:
    clock = NOW + timedelta(minutes=guest["skew"])
    records = [_licence(guest, told, clock) for told in (guest["licence"], *guest.get("more_licences", [])) if told]
    told = guest["guest_event"]
    events = [_event(12309, told, clock, told.get("ids", []), [])] if told else []
    events += [_event(12309, t, clock, [vm_id(n) for n in t.get("of", [])], []) for t in guest.get("more_events", [])]
    return GuestFacts(
        vm_id=vm.vm_id,
        access=GuestAccess(guest["access"]),
        reachable=guest["reachable"],
        os=OperatingSystem(
            caption=guest.get("caption"),
            build=BUILDS.get(guest["release"], 99999),
            sku=guest.get("sku"),
            product_type=guest["product_type"],
            computer_name=guest.get("computer_name", name.upper()),
            release=guest["release"],
            edition=guest["edition"],
            evaluation=guest["evaluation"],
            clock=None if guest.get("no_clock") else clock,
        ),
        licences=tuple(records),
        dlv=_dlv(guest, records[0] if guest["licence"] else None),
        events=tuple(events),
        reported_vm_id=_reported(vm, guest),
        parts=_parts(("os", "licences", "dlv", "events"), guest["parts"]),
        gathered_at=NOW,
        script_engine=guest.get("script_engine"),
        host_values=tuple(guest.get("host_values", ())),
    )


def _reported(vm: VirtualMachine, guest: dict[str, Any]) -> str | None:
    """``reports`` names the VM whose id the guest's registry holds, "" that it holds none."""
    if "reports" not in guest:
        return f"{{{vm.vm_id.upper()}}}"
    return vm_id(guest["reports"]) if guest["reports"] else None


CHANNELS = {
    "avma": ("VT:IA", "VIRTUAL_MACHINE_ACTIVATION"),
    "kms": ("Volume:GVLK", "VOLUME_KMSCLIENT"),
    "mak": ("Volume:MAK", "VOLUME_MAK"),
    "retail": ("Retail", "RETAIL"),
    "oem": ("OEM:COA", "OEM_COA_NSLP"),
    "evaluation": ("Retail:TB:Eval", "TIMEBASED_EVAL"),
    "strange": ("Future:X", "FUTURE"),
}


def tail_of(kind: str, release: str | None, edition: str | None) -> str:
    """The last five characters of the public key of that kind, or an invented tail."""
    look_up = {"avma": avma_key, "kms": gvlk}.get(kind)
    row = look_up(release, edition) if look_up and release and edition else None
    return row.last5 if row else "QQQQQ"


def _licence(guest: dict[str, Any], told: dict[str, Any], clock: datetime) -> LicenceRecord:
    kind = told.get("key", "avma")
    channel, word = CHANNELS[kind]
    return LicenceRecord(
        description=f"Windows(R) Operating System, {word} channel",
        application_id=told.get("application", WINDOWS_APPLICATION_ID),
        partial_product_key=told.get("tail", tail_of(kind, guest["release"], guest["edition"])),
        product_key_channel=told.get("channel", channel),
        status=told.get("status"),
        reason=told.get("reason"),
        grace_minutes=told.get("grace"),
        is_addon=told.get("addon", False),
        license_family=told.get("family"),
        avma_host=told.get("by"),
        avma_time=minutes_ago(told.get("granted"), clock),
    )


_WORDS = {0: "Unlicensed", 1: "Licensed", 2: "Initial grace period", 5: "Notification"}


def _dlv(guest: dict[str, Any], record: LicenceRecord | None) -> str | None:
    """English /dlv output that repeats the CIM record, except where the case says otherwise."""
    told = guest["dlv"]
    if told is None:
        return None
    if "text" in told:
        return str(told["text"])
    if record is None and not told:
        return "Software licensing service version: 10.0.20348.2527\r\n\r\nError: product not found.\r\n"
    kind = told.get("key") or (guest["licence"] or {}).get("key", "avma")
    channel, word = CHANNELS[kind]
    status = told.get("status", record.status if record else 0)
    tail = told.get("tail") or (record.partial_product_key if record and "key" not in told else "QQQQQ")
    lines = [
        "Software licensing service version: 10.0.20348.2527",
        "",
        "Name: Windows(R), ServerStandard edition",
        f"Description: Windows(R) Operating System, {word} channel",
        "Activation ID: 11111111-2222-3333-4444-555555555555",
        f"Application ID: {WINDOWS_APPLICATION_ID}",
        f"Product Key Channel: {channel}",
        f"Partial Product Key: {tail}",
        f"License Status: {_WORDS.get(status, 'Unknown')}",
    ]
    if status == 1 and kind == "avma":
        lines.append("Automatic VM activation expiration: 10000 minute(s) (7 day(s))")
    if told.get("reason"):
        lines.append(f"Notification Reason: {told['reason']}.")
    return "\r\n".join(lines) + "\r\n"


def inventory_of(case: Mapping[str, Any]) -> Inventory:
    """The inventory behind a case: every host of it, keys by name."""
    hosts = {n: merged(HOST, h) for n, h in case.get("hosts", {"hv1": {}}).items()}
    connection = Connection("192.0.2.1", 5986, "https", Auth.NTLM, None)
    entries = {
        name: HostEntry(name, connection, host.get("cluster"), host.get("key"), Licensing(host["licensing"]))
        for name, host in hosts.items()
        if not host.get("not_in_inventory")
    }
    clusters = {
        host["cluster"]: ClusterEntry(host["cluster"], Licensing(host["licensing"]), ())
        for host in hosts.values()
        if host.get("cluster")
    }
    keys = {
        name: HostKeyEntry(
            name,
            KeyKind(key.get("kind", "mak")),
            str(key.get("version", "2022")),
            SecretRef("env", {"name": key.get("env", name.upper())}),
            key.get("activations"),
        )
        for name, key in case.get("keys", {}).items()
    }
    groups = {name: tuple(members) for name, members in case.get("groups", {}).items()}
    credentials = {
        name: CredentialEntry(
            name, told.get("username"), SecretRef("env", {"name": "TOKEN"}) if told.get("token") else None
        )
        for name, told in case.get("credentials", {}).items()
    }
    return Inventory(
        path="lab.yaml", hosts=entries, clusters=clusters, credentials=credentials, keys=keys, groups=groups
    )


def ledger_of(case: Mapping[str, Any]) -> LedgerView:
    """What was spent before."""
    entries = tuple(
        SpentKey(
            spent["key"],
            spent.get("fingerprint", ""),
            spent["host"],
            str(spent.get("version", "2022")),
            spent["state"],
            spent.get("last5", ""),
            spent.get("run", ""),
        )
        for spent in case.get("ledger", ())
    )
    return LedgerView(entries, case.get("tails", {}), case.get("fingerprints", {}))


ALL_STEPS: list[Any] = [
    "host_activation",
    {"host_key": {}},
    {"integration_service": {"component": "data_exchange", "enabled": True}},
    "guest_key",
    "activate",
    {"wait_for_activation": {"seconds": 90}},
    "verify",
]


def playbook_of(case: Mapping[str, Any]) -> Playbook:
    """The steps of a case: names, or a mapping of one name to its options; ``when``, ``tags`` and ``serial`` beside."""
    steps = []
    for row in case.get("steps", ALL_STEPS):
        told = {row: {}} if isinstance(row, str) else dict(row)
        extra = {name: told.pop(name) for name in ("when", "tags", "serial", "name") if name in told}
        kind, options = next(iter(told.items()))
        options = dict(options or {})
        if "component" in options:
            options["component"] = COMPONENTS.get(options["component"], options["component"])
        if "replace" in options:
            options["replace"] = tuple(options["replace"])
        when = {fact: tuple(values) for fact, values in extra.get("when", {}).items()}
        steps.append(
            Step(
                StepKind(kind),
                extra.get("name", kind),
                options,
                when,
                tuple(extra.get("tags", ())),
                extra.get("serial"),
            )
        )
    return Playbook(case.get("playbook", "test"), tuple(case.get("targets", ())), tuple(steps))


def told(action: Action, wanted: dict[str, Any]) -> dict[str, Any]:
    """An action as a case writes it: those of its properties that are ``wanted``."""
    found = {
        "step": action.step.value,
        "target": action.target,
        "host": action.host,
        "field": action.field,
        "before": action.before,
        "after": action.after,
        "retry": action.retry_class.value,
        "refundable": action.refundable,
        "serial": action.serial,
        "arguments": dict(action.arguments),
    }
    assert set(wanted) <= {*found, "says"}
    return {key: found[key] for key in wanted if key in found}
