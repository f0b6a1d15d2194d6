"""Topologies of any size: hosts and guests with the mix of releases, editions and problems that real fabrics show."""

from collections.abc import Callable
from io import SEEK_END, StringIO
from random import Random
from typing import Any

from ruamel.yaml import YAML

from harness.core.catalogue import avma_key
from harness.sim.topology import Topology, read_topology

__all__ = ["generate_topology", "topology_text"]

Json = dict[str, Any]

_HOST_RELEASES = ("2016", "2019", "2019", "2022", "2022", "2022", "2025")
_GUEST_RELEASES = ("2012 R2", "2016", "2016", "2019", "2019", "2019", "2022", "2022", "2022", "2025")
_EDITIONS = ("Standard", "Standard", "Standard", "Datacenter", "Essentials")
_LANGUAGES = ("en", "en", "en", "en", "de", "fr", "es", "ja", "zh-CN", "ru")
_ROLES = ("web", "sql", "dc", "app", "file", "print", "mail", "batch", "cache", "edge")
_MOST_GUESTS = 99
_HOSTS_FOR_CLUSTERS = 6
_LONGEST_COMPUTER_NAME = 15


def topology_text(hosts: int, guests: int, seed: int) -> str:
    """A topology file's text: ``hosts`` hosts with ``guests`` guests each, the same for the same seed.

    A quarter of the hosts are Azure Local nodes in clusters of up to four, each with a host key that most have not
    applied yet. From eight hosts on, a quarter of the Windows hosts form
    clusters too, some in the middle of an upgrade.

    Raises:
        ValueError: fewer than one host, or more than 99 guests on one.
    """
    text = StringIO("# yaml-language-server: $schema=topology.schema.json\n")
    text.seek(0, SEEK_END)
    yaml = YAML()
    yaml.width = 120
    yaml.dump(_document(hosts, guests, seed), text)
    return text.getvalue()


def generate_topology(hosts: int, guests: int, seed: int) -> Topology:
    """The topology of ``topology_text`` without the way through text. Raises ValueError as it does."""
    document = _document(hosts, guests, seed)
    return read_topology(document, document["name"])


def _document(hosts: int, guests: int, seed: int) -> Json:
    if hosts < 1 or not 0 <= guests <= _MOST_GUESTS:
        raise ValueError(f"a lab has at least one host and up to {_MOST_GUESTS} guests on each")
    source = Random(seed)  # noqa: S311 - replayable by design
    document = _Generator(source, guests).document(hosts, f"generated-{hosts}x{guests}-{seed}")
    _Oddities(Random(f"{seed}/oddities"), document).scatter()  # noqa: S311 - replayable by design
    return document


class _Generator:
    def __init__(self, source: Random, guests: int) -> None:
        self._source = source
        self._guests = guests
        self._keys: dict[str, Json] = {}

    def document(self, hosts: int, name: str) -> Json:
        nodes = hosts // 4
        plain = [self._host(number) for number in range(1, hosts - nodes + 1)]
        clusters = [self._cluster(number, min(4, nodes - 4 * number)) for number in range((nodes + 3) // 4)]
        document: Json = {"version": 1, "name": name, "host_keys": self._keys, "hosts": plain}
        return document | ({"clusters": clusters} if clusters else {})

    def _host(self, number: int) -> Json:
        release = self._source.choice(_HOST_RELEASES)
        system: Json = {"release": release, "edition": "Datacenter", "language": self._source.choice(_LANGUAGES)}
        host: Json = {"name": f"HV-{number:04d}", "os": system}
        if self._rarely(0.1):
            host["activated"] = False
        host["method"] = self._source.choice(("mak", "oem", "kms"))
        host["guests"] = [self._guest(f"{number:04d}", place, release) for place in range(1, self._guests + 1)]
        return host

    def _cluster(self, number: int, size: int) -> Json:
        version = self._source.choice(("2019", "2022", "2022", "2025"))
        return {
            "name": f"AZL-{number + 1:03d}",
            "nodes": [self._node(number, place, version) for place in range(1, size + 1)],
        }

    def _node(self, cluster: int, place: int, version: str) -> Json:
        name = f"AZL-{cluster + 1:03d}-N{place}"
        key = name.casefold()
        letters = f"{cluster:04d}{place}".rjust(5, "0")
        self._keys[key] = {"key": f"FAKE0-AZL00-LABOR-K{version[1:]}0-{letters}", "kind": "retail", "version": version}
        system = {"family": "azure", "release": "23H2", "edition": "Azure Stack HCI", "core": True}
        tag = f"c{cluster + 1:03d}{place}"
        guests = [self._guest(tag, number, version) for number in range(1, self._guests + 1)]
        return {"name": name, "os": system, "key": key, "guests": guests}

    def _rarely(self, chance: float) -> bool:
        return self._source.random() < chance

    def _guest(self, tag: str, number: int, parent: str) -> Json:
        role = self._source.choice(_ROLES)
        guest: Json = {"name": f"{role}-{tag}-{number:02d}"}
        if self._rarely(0.03):
            return {**guest, "linux": {"distribution": "Ubuntu", "version": "24.04"}}
        fitting = [release for release in _GUEST_RELEASES if release <= parent]
        release = self._source.choice(_GUEST_RELEASES if self._rarely(0.05) else fitting)
        edition = self._source.choice(_EDITIONS)
        if avma_key(release, edition) is None:
            edition = "Standard"
        guest["os"] = {"release": release, "edition": edition, "language": self._source.choice(_LANGUAGES)}
        guest["generation"] = 1 if release == "2012 R2" else 2
        self._trouble(guest)
        return guest

    def _trouble(self, guest: Json) -> None:
        """A licence, and in some guests one thing that is not as it should be."""
        guest["key"] = self._source.choice(("avma", "avma", "gvlk", "none"))
        guest["licensed"] = guest["key"] == "avma" and self._rarely(0.6)
        for chance, spoil in _TROUBLES:
            if self._rarely(chance):
                spoil(guest)
                return


class _Oddities:
    """What a fabric gathers with the years; drawn by itself, so that all else stays as it was."""

    def __init__(self, source: Random, document: Json) -> None:
        self._source = source
        self._document = document

    def scatter(self) -> None:
        """Change the document."""
        for host in self._document["hosts"]:
            self._edition(host["os"])
        for cluster in self._document.get("clusters", []):
            for node in cluster["nodes"]:
                if self._rarely(0.2):
                    node["applied_keys"] = [node["key"]]
        self._clones()
        self._windows_clusters()

    def _rarely(self, chance: float) -> bool:
        return self._source.random() < chance

    def _edition(self, system: Json) -> None:
        if self._rarely(0.05):
            system["edition"] = "Standard"
        elif self._rarely(0.05):
            system["evaluation"] = True

    def _clones(self) -> None:
        """Copies that kept the name of their original, on another host."""
        originals = [guest for host in self._document["hosts"] for guest in host["guests"]]
        for host in self._document["hosts"]:
            own = {guest["name"] for guest in host["guests"]}
            for guest in host["guests"]:
                if self._rarely(0.01) and (original := self._source.choice(originals)["name"]) not in own:
                    guest |= {"name": original, "computer_name": guest["name"][:_LONGEST_COMPUTER_NAME].upper()}

    def _windows_clusters(self) -> None:
        hosts = self._document["hosts"]
        count = len(hosts) // 4 if len(hosts) >= _HOSTS_FOR_CLUSTERS else 0
        nodes, self._document["hosts"] = hosts[len(hosts) - count :], hosts[: len(hosts) - count]
        for number, start in enumerate(range(0, count, 4), start=1):
            members = nodes[start : start + 4]
            if not self._rarely(0.3):
                newest = max(member["os"]["release"] for member in members)
                for member in members:
                    member["os"]["release"] = newest
            cluster = {"name": f"HVC-{number:03d}", "licensing": "host", "nodes": members}
            self._document.setdefault("clusters", []).append(cluster)


def _evaluation(guest: Json) -> None:
    if guest["os"]["edition"] != "Essentials":
        guest["os"]["evaluation"] = True
        guest |= {"key": "evaluation", "licensed": True, "days_left": 30}


def _kms(guest: Json) -> None:
    guest |= {"key": "gvlk", "licensed": True, "kms": {"machine": "kms01.lab.example"}}


def _direct(guest: Json) -> None:
    if guest["os"]["release"] != "2012 R2":
        guest["access"] = "direct"


def _set(name: str, value: object) -> Callable[[Json], None]:
    def spoil(guest: Json) -> None:
        guest[name] = value

    return spoil


_TROUBLES: tuple[tuple[float, Callable[[Json], None]], ...] = (
    (0.08, _set("data_exchange", "off")),
    (0.02, _set("data_exchange", "no_contact")),
    (0.03, _evaluation),
    (0.06, _kms),
    (0.04, _set("state", "off")),
    (0.04, _direct),
    (0.02, _set("access", "none")),
    (0.02, _set("script_engine", value=False)),
)
