"""Worlds for the campaign of verdicts: a generated fabric, made stranger, and what happens to it before it is judged.

The same seed gives the same world, the same history and the same faults.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from random import Random
from typing import Any

from ruamel.yaml import YAML

from harness.core.catalogue import avma_key
from harness.sim._topology_form import GuestForm
from harness.sim.generate import topology_text
from harness.sim.topology import Topology, read_topology
from harness.sim.variants import REGISTER

__all__ = ["VerdictWorld", "world_of"]

Json = dict[str, Any]
SHAPES = ((8, 6), (4, 12), (3, 16), (2, 24))
"""Hosts and guests on each: some fifty guests a world, in clusters from four hosts on."""


@dataclass(frozen=True)
class VerdictWorld:
    """One world. ``acts`` are requests to the lab's control interface, ``faults`` what strikes while it is judged."""

    seed: int
    topology: Topology
    variants: dict[str, str]
    acts: tuple[tuple[str, Json], ...]
    faults: tuple[Json, ...]

    @property
    def forms(self) -> list[GuestForm]:
        """Every guest as the topology has it, in the order of the lab's first state."""
        nodes = (node for cluster in self.topology.clusters for node in cluster.nodes)
        return [guest for host in (*self.topology.hosts, *nodes) for guest in host.guests]


def world_of(seed: int) -> VerdictWorld:
    """The world of that seed."""
    dice = Random(f"verdicts/{seed}")
    hosts, guests = dice.choice(SHAPES)
    document: Json = YAML(typ="safe").load(StringIO(topology_text(hosts, guests, seed)))
    document["real_time"] = dice.random() < 0.5
    _Stranger(dice, document).make()
    topology = read_topology(document, f"verdicts-{seed}")
    acts = tuple(_acts(dice, document))
    faults = tuple(_faults(dice, document))
    return VerdictWorld(seed, topology, _variants(seed), acts, faults)


def _variants(seed: int) -> dict[str, str]:
    """Any choice for every entry, each drawn by itself: an entry that joins the register changes no kept world."""
    return {name: Random(f"verdicts/{seed}/{name}").choice(list(entry.choices)) for name, entry in REGISTER.items()}


# -- what is true at the beginning ------------------------------------------------------------------------------------


class _Stranger:
    """Gives hosts and guests what the lab's own generator leaves out."""

    def __init__(self, dice: Random, document: Json) -> None:
        self._dice, self._document = dice, document
        self._keys: Json = {}

    def make(self) -> None:
        for host in self._document["hosts"]:
            self._host(host)
        for cluster in self._document.get("clusters", []):
            for node in cluster["nodes"]:
                self._node(node)
        guests = list(_windows_guests(self._document))
        for guest in guests:
            self._system(guest)
            self._licence(guest)
            self._surroundings(guest)
        self._namesakes(guests)
        if self._keys:
            self._document["guest_keys"] = self._keys

    def _chance(self, chance: float) -> bool:
        return self._dice.random() < chance

    def _host(self, host: Json) -> None:
        if self._chance(0.06):
            host["os"]["edition"] = "Standard"
        elif self._chance(0.06):
            host["os"]["evaluation"] = True
        host["os"]["utc_offset"] = self._dice.choice((0, 0, 60, -480, 330))
        if self._chance(0.1):
            host["os"]["core"] = True

    def _node(self, node: Json) -> None:
        if self._chance(0.6) and "key" in node:
            node["applied_keys"] = [node["key"]]
        if self._chance(0.2):
            node["subscription"] = True
        if self._chance(0.08):
            node["connected"] = False
        elif self._chance(0.04):
            node["registered"] = False
        if self._chance(0.05):
            node["avma_module"] = "none" if not node.get("applied_keys") else "1.0"

    def _system(self, guest: Json) -> None:
        system = guest["os"]
        system["utc_offset"] = self._dice.choice((0, 0, 0, 60, 540, -480, 345))
        if self._chance(0.25) and system["edition"] in {"Standard", "Datacenter"}:
            system["core"] = True
        if self._chance(0.04):
            guest["os"] = {"family": "client", "release": self._dice.choice(("10", "11")), "edition": "Pro"}
            guest |= {"key": "none", "licensed": False}
            guest["generation"] = 2
        elif self._chance(0.04) and system["release"] in {"2022", "2025"} and not system.get("evaluation"):
            system |= {"edition": "Datacenter: Azure Edition", "core": False}
        if self._chance(0.05):
            guest["os"]["clock_error"] = self._dice.choice((3, -90, 90, -20_160, 20_160))

    def _licence(self, guest: Json) -> None:
        system = guest["os"]
        if system.get("evaluation") or system.get("family") == "client":
            return
        if self._chance(0.06):
            self._own_key(guest)
        elif self._chance(0.05):
            guest |= {"key": "gvlk", "licensed": False, "kms": {"machine": "kms01.lab.example", "reachable": False}}
        if guest["key"] == "avma" and avma_key(system["release"], system["edition"]) is None:
            guest |= {"key": "none", "licensed": False}
        if guest["licensed"]:
            guest["days_left"] = self._dice.choice((0.02, 0.5, 1.0, 3.4, 5.6, 6.9, 7.0))

    def _own_key(self, guest: Json) -> None:
        channel = self._dice.choice(("mak", "retail", "oem"))
        system = guest["os"]
        name = f"{channel}-{len(self._keys)}"
        tail = f"{len(self._keys):05d}"
        form = {"release": system["release"], "edition": system["edition"], "channel": channel}
        self._keys[name] = {"key": f"FAKE0-GUEST-{channel.upper()[:5]:0<5}-0WN00-{tail}", **form}
        guest |= {"key": name, "licensed": self._chance(0.8), "internet": self._chance(0.8)}
        guest.pop("kms", None)

    def _surroundings(self, guest: Json) -> None:
        guest["wrap_columns"] = self._dice.choice((0, 0, 80, 100))
        addons = [name for name in ("esu", "office") if self._chance(0.08)]
        if addons and guest["os"].get("family") != "client":
            guest["addons"] = addons
        if self._chance(0.06):
            guest["kvp"] = self._dice.choice(_LIES)
        if self._chance(0.03):
            guest["state"] = self._dice.choice(("saved", "paused", "off"))

    def _namesakes(self, guests: list[Json]) -> None:
        """VMs that bear another's name; the computers in them keep their own, as Windows in one domain must."""
        for guest in guests:
            if self._chance(0.04):
                guest.setdefault("computer_name", guest["name"][:15].upper())
                guest["name"] = self._dice.choice(guests)["name"]


_LIES = (
    {"OSName": "Windows Server 2016 Datacenter", "OSBuildNumber": "14393", "OSVersion": "10.0.14393"},
    {"OSName": "Debian GNU/Linux", "OSVersion": "6.1.0", "OSPlatformId": ""},
    {"OSName": "Windows 11 Pro", "ProductType": "1"},
    {"FullyQualifiedDomainName": "elsewhere.lab.example", "OSEditionId": "7"},
    {"NetworkAddressIPv4": "127.0.0.1"},
    {"AVMA": "Activated", "LicenseStatus": "1"},
)


def _machines(document: Json) -> list[Json]:
    return [*document["hosts"], *(node for cluster in document.get("clusters", []) for node in cluster["nodes"])]


def _windows_guests(document: Json) -> Iterator[Json]:
    return (guest for host in _machines(document) for guest in host["guests"] if "os" in guest)


# -- what happens to it -----------------------------------------------------------------------------------------------


def _acts(dice: Random, document: Json) -> Iterator[tuple[str, Json]]:
    """Between none and twenty events, by the lab's control interface; a VM goes by its place, since names repeat."""
    hosts = [host["name"] for host in _machines(document)]
    guests = sum(len(host["guests"]) for host in _machines(document))
    for _ in range(dice.randrange(21)):
        kind = dice.choices(_KINDS, _WEIGHTS)[0]
        if kind == "clock":
            yield "/clock", {"advance": dice.choice(("PT30M", "PT13H", "P1D", "P2DT12H", "P4D", "P8D"))}
        elif kind == "move":
            yield "/vms/{vm}/move", {"vm": dice.randrange(guests), "to": dice.choice(hosts)}
        elif kind in {"start", "stop"}:
            yield f"/vms/{{vm}}/{kind}", {"vm": dice.randrange(guests)}
        else:
            yield f"/hosts/{dice.choice(hosts)}/{kind}", {}


_KINDS = ("clock", "move", "stop", "start", "deactivate", "activate", "reboot")
_WEIGHTS = (6, 8, 2, 2, 3, 2, 2)


def _faults(dice: Random, document: Json) -> Iterator[Json]:
    """None in every third world; else up to a dozen, of any kind and phase, and now and then days that pass at once."""
    if dice.random() < 0.34:
        return
    hosts = [host["name"] for host in _machines(document)]
    names = [guest.get("computer_name") or guest["name"][:15].upper() for guest in _windows_guests(document)]
    for kind, phase in dice.sample(_STRIKES, dice.randrange(1, 13)):
        seconds = dice.uniform(0.05, 1.0)
        if kind == "clock_jump":
            seconds = dice.choice((600.0, 43_200.0, 259_200.0, 777_600.0))
        yield {
            "kind": kind,
            "phase": phase,
            "machine": dice.choice((None, dice.choice(hosts), *dice.sample(names, 4))),
            "action": dice.choice((None, "Create", "Command", "Receive")) if phase in {"before", "after"} else None,
            "after": dice.randrange(4),
            "times": dice.choice((1, 1, 2, 0 if kind not in _ONCE else 1)),
            "seconds": round(seconds, 2),
        }


_ONCE = frozenset({"timed_out", "clock_jump", "vm_moved", "host_reboot", "stall", "latency", "drip", "service_restart"})
_STRIKES = [
    (kind, phase)
    for kind, phases in (
        ("tls_failure", ("connect",)),
        ("reset", ("connect", "unread", "before", "after")),
        ("stall", ("before", "after")),
        ("latency", ("before",)),
        ("drip", ("after",)),
        ("truncated", ("after",)),
        ("duplicated", ("after",)),
        ("unauthorized", ("before", "after")),
        ("http_400", ("before", "after")),
        ("http_500", ("before", "after")),
        ("http_503", ("before", "after")),
        ("wsman_500", ("before", "after")),
        ("timed_out", ("before", "after")),
        ("quota_shells", ("before",)),
        ("quota_operations", ("before",)),
        ("quota_users", ("before",)),
        ("shell_killed", ("before", "after")),
        ("service_restart", ("before", "after")),
        ("host_reboot", ("before", "after")),
        ("vm_moved", ("before", "after")),
        ("clock_jump", ("before", "after")),
    )
    for phase in phases
]
