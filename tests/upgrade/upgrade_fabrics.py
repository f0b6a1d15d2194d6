"""Fabrics for rolling upgrades: clusters of mixed releases, Azure clusters, hosts alone, guests with every trouble."""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from harness.sim.topology import Topology, read_topology
from harness.sim.variants import Variants

__all__ = ["START", "Fabric", "fabric_of"]

START = "2026-11-22T08:00:00Z"
LADDER = ("2012 R2", "2016", "2019", "2022", "2025")
LEVELS = {"2012 R2": 8, "2016": 9, "2019": 10, "2022": 11, "2025": 12}
EDITIONS = ("Standard", "Standard", "Datacenter", "Essentials")
Json = dict[str, Any]


@dataclass(frozen=True)
class Fabric:
    """A lab to build, the world's choices for what is unrecorded, and the upgrade to validate."""

    seed: int
    topology: Topology
    variants: dict[str, str]
    to: str
    edition: str | None


def fabric_of(seed: int) -> Fabric:
    """The fabric of that seed, always the same."""
    source = Random(seed)
    maker = _Maker(source)
    document = maker.document(seed)
    to = source.choice(("2019", "2022", "2022", "2025", "2025", "2025"))
    edition = source.choice((None, None, "Standard", "Datacenter"))
    return Fabric(seed, read_topology(document, document["name"]), dict(Variants.random(seed)), to, edition)


class _Maker:
    def __init__(self, source: Random) -> None:
        self._source = source
        self._keys: dict[str, Json] = {}
        self._guests = 0

    def document(self, seed: int) -> Json:
        clusters = [self._server_cluster("CLU"), *([self._azure_cluster("AZL")] if self._chance(0.6) else [])]
        hosts = [self._host(f"HV{n}", self._source.choice(LADDER[1:])) for n in range(self._source.randint(0, 2))]
        return {
            "version": 1,
            "name": f"upgrade-{seed}",
            "start": START,
            "real_time": False,
            "host_keys": self._keys,
            "hosts": hosts,
            "clusters": clusters,
        }

    def _chance(self, chance: float) -> bool:
        return self._source.random() < chance

    def _server_cluster(self, name: str) -> Json:
        low = self._source.randrange(0, 4)
        choices = LADDER[low : low + 2]
        nodes = [self._host(f"{name}-N{n}", self._source.choice(choices)) for n in range(self._source.randint(2, 4))]
        level = min(LEVELS[node["os"]["release"]] for node in nodes)
        return {"name": name, "licensing": "host", "functional_level": level, "nodes": nodes}

    def _host(self, name: str, release: str) -> Json:
        edition = "Standard" if self._chance(0.06) else "Datacenter"
        host: Json = {"name": name, "os": {"release": release, "edition": edition}}
        host["method"] = self._source.choice(("mak", "oem", "retail", "kms"))
        if self._chance(0.12):
            host["activated"] = False
        elif self._chance(0.05) and edition == "Datacenter":
            host["os"]["evaluation"] = True
        host["guests"] = [self._guest() for _ in range(self._source.randint(0, 3))]
        return host

    def _azure_cluster(self, name: str) -> Json:
        licensing = self._source.choice(("byol", "byol", "byol", "subscription"))
        version = self._source.choice(("2019", "2022", "2025"))
        nodes = [self._node(f"{name}-N{n}", licensing, version) for n in range(self._source.randint(2, 3))]
        return {"name": name, "licensing": licensing, "functional_level": 12, "nodes": nodes}

    def _node(self, name: str, licensing: str, version: str) -> Json:
        release = self._source.choice(("22H2", "23H2", "24H2"))
        system = {"family": "azure", "release": release, "edition": "Azure Stack HCI", "core": True}
        node: Json = {"name": name, "os": system, "guests": [self._guest() for _ in range(self._source.randint(0, 2))]}
        if licensing == "subscription":
            node["subscription"] = not self._chance(0.1)
            return node
        own = self._source.choice(("2019", "2022", "2025")) if self._chance(0.15) else version
        key = name.casefold()
        letters = f"{len(self._keys):05d}"
        self._keys[key] = {"key": f"FAKE0-UPGRA-DE000-K{own}-{letters}", "kind": "retail", "version": own}
        node["key"] = key
        if not self._chance(0.1):
            node["applied_keys"] = [key]
        return node

    def _guest(self) -> Json:
        self._guests += 1
        guest: Json = {"name": f"vm-{self._guests:03d}", "id": str(UUID(int=self._source.getrandbits(128), version=4))}
        if self._chance(0.04):
            return {**guest, "linux": {"distribution": "Ubuntu", "version": "24.04"}}
        release, edition = self._source.choice(LADDER), self._source.choice(EDITIONS)
        if self._chance(0.06) and release in {"2022", "2025"}:
            edition = "Datacenter: Azure Edition"
        elif edition == "Essentials" and release in {"2022", "2025"}:
            edition = "Standard"
        guest["os"] = {"release": release, "edition": edition}
        self._licence(guest)
        self._trouble(guest)
        return guest

    def _licence(self, guest: Json) -> None:
        guest["key"] = self._source.choice(("avma", "avma", "avma", "avma", "avma", "gvlk", "none"))
        if guest["key"] == "avma" and self._chance(0.75):
            guest |= {"licensed": True, "days_left": round(self._source.uniform(0.02, 7.0), 3)}
        elif guest["key"] == "gvlk":
            guest |= {"licensed": True, "kms": {"machine": "kms01.lab.example"}}
        elif guest["key"] == "none" and guest["os"]["edition"] in {"Standard", "Datacenter"} and self._chance(0.4):
            guest["os"]["evaluation"] = True
            guest |= {"key": "evaluation", "licensed": True, "days_left": 30}

    def _trouble(self, guest: Json) -> None:
        for chance, name, value in (
            (0.08, "data_exchange", "off"),
            (0.04, "data_exchange", "no_contact"),
            (0.04, "state", "off"),
            (0.03, "access", "none"),
            (0.04, "script_engine", False),
            (0.1, "clustered", False),
        ):
            if self._chance(chance):
                guest[name] = value
                return
