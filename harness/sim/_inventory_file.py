"""What a lab leaves in its directory: a ready inventory, and the secrets it refers to in files of their own."""

import os
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from harness.sim._build import Blueprint, Place
from harness.sim._topology_form import ClusterForm, HostForm

__all__ = ["Ports", "write_inventory"]

Ports = Mapping[str, tuple[int | None, int | None]]
"""Computer name to the HTTP and HTTPS ports it listens on."""

_HEADER = """\
# yaml-language-server: $schema=avma/inventory/1
# The simulated lab's own inventory, written anew each time it starts.
"""
_STANDARD = {"https": 5986, "http": 5985}


def write_secret(path: Path, text: str) -> None:
    """A file with one secret that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def write_inventory(blueprint: Blueprint, directory: Path, ports: Ports) -> Path:
    """Write inventory.yaml and its secrets; the path of the inventory."""
    write_secret(directory / "host-password", blueprint.host_account.password)
    write_secret(directory / "guest-password", blueprint.guest_account.password)
    for name, key in blueprint.topology.host_keys.items():
        write_secret(directory / "keys" / name, key.key)
    text = StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(_inventory(blueprint, ports), text)
    path = directory / "inventory.yaml"
    path.write_text(_HEADER + text.getvalue(), encoding="utf-8")
    return path


def _username(name: str, domain: str) -> str:
    return f"{domain}\\{name}" if domain else name


def _inventory(blueprint: Blueprint, ports: Ports) -> dict[str, object]:
    topology, places = blueprint.topology, {place.installation.computer_name: place for place in blueprint.places}
    host, guest = blueprint.host_account, blueprint.guest_account
    used = {form.key for form in _all_hosts(blueprint) if form.key}
    return {
        "version": 1,
        "defaults": {"scheme": "https", "auth": "negotiate", "credential": "lab-admin", "ca": "./ca.pem"},
        "credentials": {
            "lab-admin": {"username": _username(host.name, host.domain), "password": {"file": "./host-password"}},
            "guest-admin": {"username": _username(guest.name, guest.domain), "password": {"file": "./guest-password"}},
        },
        "keys": {
            name: {
                "kind": key.kind,
                "version": DoubleQuotedScalarString(key.version),
                **({"activations": key.activations} if key.kind == "mak" else {}),
                "key": {"file": f"./keys/{name}"},
            }
            for name, key in topology.host_keys.items()
            if name in used
        },
        "hosts": {form.name: _host(form, places, ports) for form in topology.hosts},
        "clusters": {form.name: _cluster(form, places, ports) for form in topology.clusters},
        "guest_access": _guest_access(blueprint, ports),
        "guests": _guests(blueprint),
        "groups": _groups(blueprint),
    }


def _all_hosts(blueprint: Blueprint) -> Sequence[HostForm]:
    topology = blueprint.topology
    return [*topology.hosts, *(node for cluster in topology.clusters for node in cluster.nodes)]


def _connection(place: Place, ports: Ports) -> dict[str, object]:
    """Scheme and port, as far as they differ from HTTPS on 5986."""
    http, https = ports[place.installation.computer_name]
    scheme, port = ("https", https) if https is not None else ("http", http)
    entry: dict[str, object] = {} if scheme == "https" else {"scheme": scheme}
    if port != _STANDARD[scheme]:
        entry["port"] = port
    if "Negotiate" not in place.listen.auth:
        entry["auth"] = place.listen.auth[0].casefold()
    return entry


def _host(form: HostForm, places: Mapping[str, Place], ports: Ports) -> dict[str, object]:
    place = places[form.name]
    given = {"configuration": form.configuration, "key": form.key}
    chosen = {name: value for name, value in given.items() if value}
    return {"address": place.address, **_connection(place, ports), **chosen}


def _cluster(form: ClusterForm, places: Mapping[str, Place], ports: Ports) -> dict[str, object]:
    nodes = {node.name: _host(node, places, ports) for node in form.nodes}
    return {"licensing": form.licensing, "nodes": nodes}


def _guest_access(blueprint: Blueprint, ports: Ports) -> list[dict[str, object]]:
    """A rule for each guest that is no plain WinRM one, then one for the rest."""
    rules: list[dict[str, object]] = []
    served = {place.vm.id: place for place in blueprint.places if place.vm is not None}
    for vm in blueprint.world.vms:
        match = {"match": {"name": vm.name}}
        if vm.access == "direct":
            rules.append({**match, "via": "direct", "credential": "guest-admin"})
        elif vm.access == "none":
            rules.append({**match, "via": "none"})
        elif connection := _connection(served[vm.id], ports):
            rules.append({**match, "via": "winrm", "credential": "guest-admin", **connection})
    return [*rules, {"match": {"name": "*"}, "via": "winrm", "credential": "guest-admin"}]


def _guests(blueprint: Blueprint) -> dict[str, dict[str, object]]:
    """Addresses of guests whose host cannot tell them: Data Exchange is off or not answered."""
    return {
        vm.name: {"address": vm.address}
        for vm in blueprint.world.vms
        if vm.access == "winrm" and vm.running and not vm.exchanges_data
    }


def _groups(blueprint: Blueprint) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for form in _all_hosts(blueprint):
        if form.group:
            groups.setdefault(form.group, []).append(form.name)
    return groups
