"""An inventory file as the core's Inventory: names resolved, defaults applied, paths absolute."""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from harness.core.model import (
    Auth,
    ClusterEntry,
    Connection,
    CredentialEntry,
    GuestAccess,
    GuestEntry,
    GuestRule,
    HostEntry,
    HostKeyEntry,
    Inventory,
    Licensing,
    SecretRef,
    Waiver,
)
from harness.lab._document import Document, read_document
from harness.lab._inventory_form import (
    ClusterForm,
    ConnectionForm,
    CredentialForm,
    GuestRuleForm,
    HostForm,
    InventoryForm,
    KeyForm,
    NodeForm,
    SecretForm,
)
from harness.lab._inventory_rules import inventory_problems
from harness.lab._nodes import Path as DataPath
from harness.lab._problems import LabFileError
from harness.lab._structure import structure
from harness.lab._version import refuse_other_versions

__all__ = ["load_inventory"]

_PORTS = {"https": 5986, "http": 5985}
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def load_inventory(path: str | os.PathLike[str], *, today: date | None = None) -> Inventory:
    """Read an inventory.

    Args:
        path: the YAML file; relative paths in it are relative to its folder.
        today: the day on which waivers must still hold; the current day (UTC) unless given.

    Raises:
        LabFileError: everything that is wrong with the file, each with line and column.
    """
    document = read_document(Path(path))
    refuse_other_versions(document)
    form, problems = structure(InventoryForm, document)
    problems += [*document.problems, *inventory_problems(document, today or datetime.now(UTC).date())]
    if form is None or problems:
        raise LabFileError(problems)
    return _Builder(document, form).inventory()


class _Builder:
    """Turns one checked form into records; holds what all entries share: defaults, folder, places."""

    def __init__(self, document: Document, form: InventoryForm) -> None:
        self._document = document
        self._form = form
        self._defaults = form.defaults or ConnectionForm()
        self._folder = Path(document.file).absolute().parent

    def inventory(self) -> Inventory:
        form = self._form
        return Inventory(
            path=self._document.file,
            hosts=self._hosts(),
            clusters={name: self._cluster(name, entry) for name, entry in (form.clusters or {}).items()},
            credentials={name: self._credential(name, entry) for name, entry in (form.credentials or {}).items()},
            keys={name: self._key(name, entry) for name, entry in (form.keys or {}).items()},
            guest_rules=tuple(self._rule(index, rule) for index, rule in enumerate(form.guest_access or ())),
            guests=self._guests(),
            groups={name: self._members(members) for name, members in (form.groups or {}).items()},
        )

    def _hosts(self) -> dict[str, HostEntry]:
        clusters = self._form.clusters or {}
        seeds = {entry.seed: (name, entry.licensing) for name, entry in clusters.items() if not entry.nodes}
        hosts: dict[str, HostEntry] = {}
        for name, entry in (self._form.hosts or {}).items():
            cluster, licensing = seeds.get(name, (None, _licensing(entry)))
            hosts[name] = self._host(name, entry, ("hosts", name), cluster, licensing)
        for cluster, group in clusters.items():
            for name, node in group.nodes.items():
                hosts[name] = self._host(name, node, ("clusters", cluster, "nodes", name), cluster, group.licensing)
        return hosts

    def _host(self, name: str, form: NodeForm, path: DataPath, cluster: str | None, licensing: Licensing) -> HostEntry:
        return HostEntry(
            name=name,
            connection=self._connection(form, form.address or name),
            cluster=cluster,
            key=form.key,
            licensing=licensing,
            place=self._document.place(path, key=True),
        )

    def _connection(self, form: ConnectionForm, address: str, *, inside: bool = False) -> Connection:
        """``inside`` a guest, the hosts' credential and endpoint do not apply: a guest must not be shown either."""
        own = {name: getattr(form, name) for name in ConnectionForm.model_fields}
        shared = {name: getattr(self._defaults, name) for name in ConnectionForm.model_fields}
        if inside:
            shared |= {"credential": None, "configuration": None}
        value = {name: shared[name] if own[name] is None else own[name] for name in own}
        scheme = value["scheme"] or "https"
        waiver = value["waiver"]
        return Connection(
            address=address,
            port=value["port"] or _PORTS[scheme],
            scheme=scheme,
            auth=value["auth"] or Auth.NEGOTIATE,
            credential=value["credential"],
            ca=self._path(value["ca"]),
            verify=value["verify"] is not False,
            configuration=value["configuration"] or "Microsoft.PowerShell",
            waiver=Waiver(waiver.reason, waiver.expires) if waiver else None,
            connect_seconds=value["connect_seconds"] or 10.0,
            operation_seconds=value["operation_seconds"] or 60.0,
        )

    def _cluster(self, name: str, form: ClusterForm) -> ClusterEntry:
        place = self._document.place(("clusters", name), key=True)
        return ClusterEntry(name, form.licensing, tuple(form.nodes), form.seed, place)

    def _credential(self, name: str, form: CredentialForm) -> CredentialEntry:
        password = form.password and self._secret(form.password, ("credentials", name, "password"))
        return CredentialEntry(
            name, form.username, password or None, self._path(form.certificate), self._path(form.private_key)
        )

    def _key(self, name: str, form: KeyForm) -> HostKeyEntry:
        return HostKeyEntry(
            name, form.kind, form.version, self._secret(form.key, ("keys", name, "key")), form.activations
        )

    def _secret(self, form: SecretForm, path: DataPath) -> SecretRef:
        source = next(iter(form.model_fields_set))
        locator: Mapping[str, str]
        match source:
            case "env":
                locator = {"name": form.env}
            case "file":
                locator = {"path": self._path(form.file) or ""}
            case "command":
                locator = {"argv": json.dumps(form.command)}
            case _:
                locator = dict(getattr(form, source))
        return SecretRef(source, locator, self._document.place((*path, source), key=True))

    def _rule(self, index: int, form: GuestRuleForm) -> GuestRule:
        inside = self._connection(form, "", inside=True) if form.via is GuestAccess.WINRM else None
        place = self._document.place(("guest_access", index))
        return GuestRule(form.match.name, form.match.host, form.via, inside, form.credential, place)

    def _guests(self) -> dict[str, GuestEntry]:
        guests: dict[str, GuestEntry] = {}
        for written, form in (self._form.guests or {}).items():
            name = written.lower() if _GUID.fullmatch(written) else written
            place = self._document.place(("guests", written), key=True)
            guests[name] = GuestEntry(name, form.address, form.via, form.credential, tuple(form.tags), place)
        return guests

    def _members(self, members: list[str]) -> tuple[str, ...]:
        """A cluster's name stands for its nodes, or for its seed where only that is known."""
        clusters = self._form.clusters or {}
        names: dict[str, None] = {}
        for member in members:
            cluster = clusters.get(member)
            known = [member] if cluster is None else [*cluster.nodes] or [str(cluster.seed)]
            names.update(dict.fromkeys(known))
        return tuple(names)

    def _path(self, written: str | None) -> str | None:
        return None if written is None else os.path.normpath(self._folder / Path(written).expanduser())


def _licensing(form: HostForm) -> Licensing:
    """A host that has a key is there to get it, unless the entry says otherwise."""
    return form.licensing or (Licensing.BYOL if form.key else Licensing.HOST)
