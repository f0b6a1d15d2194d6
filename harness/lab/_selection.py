"""The language of --limit: which of the inventory's hosts a command is about."""

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase

from harness.core.errors import InputError
from harness.core.model import Inventory

__all__ = ["select_hosts"]


def select_hosts(inventory: Inventory, limit: str = "") -> tuple[str, ...]:
    """The hosts that ``limit`` names, in the inventory's order; all of them for an empty limit.

    Patterns stand side by side, separated by commas or blanks: the name of a host, cluster or group, or a glob over
    those names; ``!`` before a pattern takes its hosts away, wherever it stands. Case does not matter.

    Raises:
        InputError: a pattern fits nothing, or nothing is left.

    Example:
        ``select_hosts(inventory, "berlin !hv-ber-02")``: the group berlin without one of its hosts.
    """
    patterns = [part for part in re.split(r"[,\s]+", limit) if part]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    names = _names(inventory)
    chosen = {host for pattern in wanted for host in _matches(names, pattern)} if wanted else set(inventory.hosts)
    chosen -= {host for pattern in unwanted for host in _matches(names, pattern)}
    if not chosen:
        hint = "Loosen the limit." if patterns else "Add a host to it."
        raise InputError("No host is left to work on.", target=limit or inventory.path, hint=hint)
    return tuple(host for host in inventory.hosts if host in chosen)


def _names(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Every name that a limit may use, folded, with the hosts it stands for."""
    names: dict[str, tuple[str, ...]] = {name.casefold(): hosts for name, hosts in inventory.groups.items()}
    for cluster in inventory.clusters:
        names[cluster.casefold()] = tuple(n for n, entry in inventory.hosts.items() if entry.cluster == cluster)
    return names | {name.casefold(): (name,) for name in inventory.hosts}


def _matches(names: dict[str, tuple[str, ...]], pattern: str) -> tuple[str, ...]:
    folded = pattern.casefold()
    found = [hosts for name, hosts in names.items() if name == folded or fnmatchcase(name, folded)]
    if not found:
        near = get_close_matches(folded, names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(names)[:20])}."
        raise InputError("No host, cluster or group is called that.", target=pattern or "!", hint=hint)
    return tuple(host for hosts in found for host in hosts)
