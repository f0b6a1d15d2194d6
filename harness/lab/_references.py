"""References that lead nowhere, and names that stand for two things."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from harness.lab._document import Document
from harness.lab._problems import Problem
from harness.lab._structure import closest
from harness.lab._walk import DataPath, entries, found_at, machines

__all__ = ["reference_problems"]

_REFERENCES: tuple[tuple[DataPath, str], ...] = (
    (("defaults", "credential"), "credentials"),
    (("hosts", "*", "credential"), "credentials"),
    (("hosts", "*", "key"), "keys"),
    (("clusters", "*", "nodes", "*", "credential"), "credentials"),
    (("clusters", "*", "nodes", "*", "key"), "keys"),
    (("guest_access", "*", "credential"), "credentials"),
    (("guests", "*", "credential"), "credentials"),
    (("guest_access", "*", "match", "host"), "hosts"),
    (("groups", "*", "*"), "members"),
)
_MEANING = {
    "credentials": "No entry of `credentials` has this name.",
    "keys": "No entry of `keys` has this name.",
    "hosts": "No host and no cluster node has this name.",
    "members": "No host, cluster or cluster node has this name.",
}


def reference_problems(document: Document) -> Iterator[Problem]:
    """Dangling references, seeds that are no node, and one name for two things."""
    data = document.data
    hosts = [str(path[-1]) for path, _ in machines(data)]
    known = {
        "credentials": _names(data, "credentials"),
        "keys": _names(data, "keys"),
        "hosts": hosts,
        "members": [*hosts, *_names(data, "clusters")],
    }
    open_ended = any(not cluster.get("nodes") for _, cluster in entries(data, "clusters"))
    for pattern, section in _REFERENCES:
        if section == "hosts" and open_ended:
            continue  # a seed's answer brings hosts that nobody wrote down
        for path, value in found_at(data, pattern):
            if isinstance(value, str) and value not in known[section]:
                yield Problem(
                    document.place(path), "unknown_reference", _MEANING[section], closest(value, known[section])
                )
    yield from _seeds(document)
    yield from _doubles(document)
    yield from _rules_missing(document)


def _names(data: Mapping[str, object], section: str) -> list[str]:
    found = data.get(section)
    return [*found] if isinstance(found, dict) else []


def _seeds(document: Document) -> Iterator[Problem]:
    hosts = _names(document.data, "hosts")
    for path, cluster in entries(document.data, "clusters"):
        nodes = cluster.get("nodes")
        seed = cluster.get("seed")
        if isinstance(nodes, dict) and nodes:
            known, message = [*nodes], "The seed is not one of the cluster's nodes."
        elif seed is None and not nodes:
            place = document.place(path, key=True)
            yield Problem(place, "missing_key", "This cluster has no node.", "Give `nodes`, or a `seed` among `hosts`.")
            continue
        else:
            known, message = hosts, "A seed without `nodes` must be an entry of `hosts`."
        if isinstance(seed, str) and seed not in known:
            yield Problem(document.place((*path, "seed")), "unknown_reference", message, closest(seed, known))


def _doubles(document: Document) -> Iterator[Problem]:
    """--limit and playbook targets take any of these names, so each may stand for one thing only."""
    seen: dict[str, DataPath] = {}
    named = [path for path, _ in machines(document.data)]
    named += [(section, name) for section in ("clusters", "groups") for name in _names(document.data, section)]
    for path in named:
        name = str(path[-1]).casefold()
        if name in seen:
            first = document.place(seen[name], key=True)
            message = f"This name is taken by another entry, at {first}."
            place = document.place(path, key=True)
            yield Problem(place, "duplicate_name", message, "Hosts, clusters and groups need different names.")
        seen.setdefault(name, path)


def _rules_missing(document: Document) -> Iterator[Problem]:
    """A guest entry can ask for WinRM, but how to speak it stands in a rule."""
    rules = [rule for _, rule in found_at(document.data, ("guest_access", "*")) if isinstance(rule, dict)]
    patterns = [_pattern(rule) for rule in rules if rule.get("via") == "winrm"]
    for path, guest in entries(document.data, "guests"):
        name = str(path[-1])
        reached = patterns if name.count("-") == 4 else [p for p in patterns if fnmatchcase(name.casefold(), p)]
        if guest.get("via") == "winrm" and not reached:
            message = "No rule of `guest_access` says how to reach this guest by WinRM."
            place = document.place((*path, "via"))
            yield Problem(place, "missing_rule", message, "Add a rule with `via: winrm` whose `match` fits its name.")


def _pattern(rule: Mapping[str, object]) -> str:
    match = rule.get("match")
    return str(match.get("name", "*") if isinstance(match, dict) else "*").casefold()
