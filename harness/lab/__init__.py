"""Inventory, playbooks, credentials and settings: YAML and environment in, core records out, every error at its place.

The names below are loaded when first used: pydantic and ruamel.yaml take longer to import than `avma --help` may take.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab._inventory import load_inventory
    from harness.lab._playbook import find_playbook, load_playbook
    from harness.lab._problems import LabFileError, Problem
    from harness.lab._resolver import Resolver
    from harness.lab._schemas import SCHEMAS, schema
    from harness.lab._selection import select_hosts
    from harness.lab._settings import Settings
    from harness.lab._shipped import shipped_inventories, shipped_playbooks

__all__ = [
    "SCHEMAS",
    "LabFileError",
    "Problem",
    "Resolver",
    "Settings",
    "find_playbook",
    "load_inventory",
    "load_playbook",
    "schema",
    "select_hosts",
    "shipped_inventories",
    "shipped_playbooks",
]

_HOMES = {
    "SCHEMAS": "_schemas",
    "LabFileError": "_problems",
    "Problem": "_problems",
    "Resolver": "_resolver",
    "Settings": "_settings",
    "find_playbook": "_playbook",
    "load_inventory": "_inventory",
    "load_playbook": "_playbook",
    "schema": "_schemas",
    "select_hosts": "_selection",
    "shipped_inventories": "_shipped",
    "shipped_playbooks": "_shipped",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
