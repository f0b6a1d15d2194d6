"""Small topologies, built from the few things that a test is about."""

import json
from collections.abc import Mapping
from typing import Any

from sim_world_lab import InMemoryLab

_KEYS = {
    "dc-2019": {"key": "FAKE0-HOSTK-EY000-2019A-00001", "kind": "mak", "version": "2019", "activations": 9},
    "dc-2022": {"key": "FAKE0-HOSTK-EY000-2022A-00002", "kind": "mak", "version": "2022", "activations": 3},
    "dc-2025": {"key": "FAKE0-HOSTK-EY000-2025A-00003", "kind": "mak", "version": "2025", "activations": 9},
    "dc-2016": {"key": "FAKE0-HOSTK-EY000-2016A-00004", "kind": "mak", "version": "2016", "activations": 9},
    "retail-2022": {"key": "FAKE0-HOSTK-EY000-2022R-00005", "kind": "retail", "version": "2022"},
    "standard-2022": {
        "key": "FAKE0-HOSTK-EY000-2022S-00006",
        "kind": "mak",
        "version": "2022",
        "edition": "Standard",
        "activations": 9,
    },
}
HOST_KEYS = {name: str(form["key"]) for name, form in _KEYS.items()}


def guest(name: str = "vm", release: str = "2022", edition: str = "Standard", **more: Any) -> dict[str, Any]:
    """A guest's form; ``os`` parts may be given as os_core=True."""
    system = {"release": release, "edition": edition}
    system |= {key.removeprefix("os_"): more.pop(key) for key in list(more) if key.startswith("os_")}
    return {"name": name, "os": system, **more}


def host(name: str = "HV1", release: str = "2022", edition: str = "Datacenter", **more: Any) -> dict[str, Any]:
    """A Windows Server host's form."""
    system = {"release": release, "edition": edition}
    system |= {key.removeprefix("os_"): more.pop(key) for key in list(more) if key.startswith("os_")}
    return {"name": name, "os": system, **more}


def node(name: str = "N1", release: str = "23H2", **more: Any) -> dict[str, Any]:
    """An Azure node's form."""
    system = {"family": "azure", "release": release, "edition": "Azure Stack HCI", "core": True}
    return {"name": name, "os": system, **more}


def lab(
    *hosts: dict[str, Any],
    nodes: tuple[dict[str, Any], ...] = (),
    variants: Mapping[str, str] | None = None,
    **more: Any,
) -> InMemoryLab:
    """A lab of these hosts and, as the cluster AZL, of these nodes."""
    document: dict[str, Any] = {"version": 1, "real_time": False, "host_keys": _KEYS, "hosts": list(hosts), **more}
    if nodes:
        document["clusters"] = [{"name": "AZL", "nodes": list(nodes)}]
    return InMemoryLab.of(json.dumps(document), variants)
