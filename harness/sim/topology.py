"""Topology files: reading, checking, and the lab that ships with the package."""

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from io import StringIO
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from harness.sim._topology_form import GuestForm, HostForm, TopologyForm
from harness.sim.jea import RoleError, parse_role, role_text
from harness.sim.variants import UnknownVariantError, Variants
from harness.sim.world import OperatingSystem

__all__ = [
    "Topology",
    "TopologyError",
    "demo_topology",
    "load_topology",
    "parse_topology",
    "read_topology",
    "shipped_topologies",
    "topology_schema",
]

Topology = TopologyForm


class TopologyError(ValueError):
    """What is wrong with a topology: one line each, with file, line and column where they are known."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load_topology(path: Path) -> Topology:
    """Read a topology file. Raises TopologyError with every problem, or OSError."""
    return parse_topology(path.read_text(encoding="utf-8"), str(path))


def demo_topology() -> Topology:
    """The lab of `avma demo`: two Datacenter hosts, one that is not activated, an Azure Local cluster, their guests."""
    path = files("harness.sim") / "data" / "demo.yaml"
    return parse_topology(path.read_text(encoding="utf-8"), "demo.yaml")


def shipped_topologies() -> dict[str, Path]:
    """The topologies that come with the package, by name: "demo" shows what goes wrong, in "plain" nothing is."""
    folder = Path(__file__).parent / "data"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def topology_schema() -> dict[str, object]:
    """The JSON Schema of a topology file (data/topology.schema.json)."""
    path = files("harness.sim") / "data" / "topology.schema.json"
    schema: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def parse_topology(text: str, name: str) -> Topology:
    """A topology out of YAML text; ``name`` is the file's name in messages. Raises TopologyError."""
    yaml = YAML(typ="rt")
    try:
        data = yaml.load(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise TopologyError([f"{place}: {error.problem}"]) from error
    return read_topology(_plain(data), name, data)


def read_topology(document: object, name: str, places: object = None) -> Topology:
    """A topology out of plain dicts and lists; ``places`` is the same as ruamel.yaml read it, for line and column.

    Raises:
        TopologyError: every problem that was found.
    """
    try:
        topology = TopologyForm.model_validate(document)
    except ValidationError as error:
        problems = [_problem(name, places, item["loc"], item["msg"]) for item in error.errors()]
        raise TopologyError(problems) from error
    problems = [_problem(name, places, path, message) for path, message in _inconsistencies(topology)]
    if problems:
        raise TopologyError(problems)
    return topology


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _problem(name: str, data: object, path: Sequence[object], message: str) -> str:
    """The message behind the place of the deepest part of ``path`` that the file holds."""
    line = column = 1
    node = data
    for part in path:
        try:
            if isinstance(node, CommentedMap) and part in node:
                line, column = (number + 1 for number in node.lc.key(part))
                node = node[part]
            elif isinstance(node, CommentedSeq) and isinstance(part, int):
                line, column = (number + 1 for number in node.lc.item(part))
                node = node[part]
        except (KeyError, IndexError, AttributeError, TypeError):
            break
    where = ".".join(str(part) for part in path)
    return f"{name}:{line}:{column}: {where + ': ' if where else ''}{message}"


Finding = tuple[tuple[object, ...], str]


def _inconsistencies(topology: Topology) -> Iterator[Finding]:
    """What a form alone can't see: names that are not there, systems that do not exist, names given twice."""
    try:
        Variants(topology.variants)
    except UnknownVariantError as error:
        yield ("variants",), str(error)
    seen: set[str] = set()
    for path, host in _hosts(topology):
        if host.name.casefold() in seen:
            yield (*path, "name"), f"the name {host.name} is given twice"
        seen.add(host.name.casefold())
        yield from _host_problems(topology, path, host)
        for number, guest in enumerate(host.guests):
            yield from _guest_problems(topology, (*path, "guests", number), guest, seen)


def _hosts(topology: Topology) -> Iterator[tuple[tuple[object, ...], HostForm]]:
    for number, host in enumerate(topology.hosts):
        yield ("hosts", number), host
    for place, cluster in enumerate(topology.clusters):
        for number, node in enumerate(cluster.nodes):
            yield ("clusters", place, "nodes", number), node


def _host_problems(topology: Topology, path: tuple[object, ...], host: HostForm) -> Iterator[Finding]:
    yield from _system_problems((*path, "os"), host)
    for number, configuration in enumerate(host.session_configurations):
        try:
            parse_role(role_text(configuration.role))
        except RoleError as error:
            yield (*path, "session_configurations", number, "role"), str(error)
    if host.configuration not in {None, *(configuration.name for configuration in host.session_configurations)}:
        yield (*path, "configuration"), f"session_configurations has no entry {host.configuration!r}"
    for key in [host.key, *host.applied_keys]:
        if key is not None and key not in topology.host_keys:
            yield (*path, "key" if key == host.key else "applied_keys"), f"host_keys has no entry {key!r}"


def _guest_problems(
    topology: Topology, path: tuple[object, ...], guest: GuestForm, seen: set[str]
) -> Iterator[Finding]:
    if guest.os is not None and guest.linux is not None:
        yield path, "a guest has either os or linux"
    if guest.os is not None:
        yield from _system_problems((*path, "os"), guest)
        name = (guest.computer_name or guest.name[:15]).casefold()
        if name in seen:
            yield (*path, "name"), f"the computer name {name} is given twice; give one of them a computer_name"
        seen.add(name)
    if guest.key not in {"none", "avma", "gvlk", "evaluation", *topology.guest_keys}:
        yield (*path, "key"), f"guest_keys has no entry {guest.key!r}"


def _system_problems(path: tuple[object, ...], machine: HostForm | GuestForm) -> Iterator[Finding]:
    form = machine.os
    assert form is not None
    try:
        OperatingSystem(form.family, form.release, form.edition, form.core, form.evaluation, form.domain_controller)
    except ValueError as error:
        yield path, str(error)
