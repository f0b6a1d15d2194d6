"""Changing the edition of an installed Windows Server: what DISM /Set-Edition takes, and what a restart makes of it.

Rules: Microsoft Learn, "Upgrade and conversion options for Windows Server" (2025-08-18): Standard may become
Datacenter, an evaluation of Standard either, an evaluation of Datacenter only Datacenter; Core stays Core, and an
evaluation of Standard Core becomes Datacenter Core only; a domain controller nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from harness.sim.world._installation import Installation
from harness.sim.world._keys import KeyBook
from harness.sim.world._licensing import install_key
from harness.sim.world._systems import OperatingSystem

__all__ = ["current_edition", "order_edition", "take_edition", "target_editions"]

NOT_POSSIBLE = 50
KEY_REFUSED = 1605

_IDS = {
    "ServerStandard": ("Standard", False),
    "ServerStandardCor": ("Standard", True),
    "ServerDatacenter": ("Datacenter", False),
    "ServerDatacenterCor": ("Datacenter", True),
}


def current_edition(system: OperatingSystem) -> str:
    """The edition as DISM /Get-CurrentEdition names it: "ServerStandardEvalCor"."""
    edition = system.edition.partition(":")[0].replace(" ", "")
    return f"Server{edition}{'Eval' * system.evaluation}{'Cor' * system.core}"


def target_editions(system: OperatingSystem) -> tuple[str, ...]:
    """What DISM /Get-TargetEditions lists."""
    if system.domain_controller or system.family != "server":
        return ()
    core = "Cor" * system.core
    if system.edition == "Datacenter":
        return (f"ServerDatacenter{core}",) if system.evaluation else ()
    if system.edition != "Standard":
        return ()
    both = system.evaluation and not system.core
    return (*(("ServerStandard",) if both else ()), f"ServerDatacenter{core}")


def order_edition(windows: Installation, target: str, key: str, keys: KeyBook, variants: Mapping[str, str]) -> int:
    """DISM /Set-Edition: 0 when a restart will bring the edition, else the error DISM ends with."""
    wanted = next((name for name in target_editions(windows.os) if name.casefold() == target.casefold()), None)
    if wanted is None:
        return NOT_POSSIBLE
    found = keys.find(key)
    if found is None or windows.os.release not in found.releases or found.edition != _IDS[wanted][0]:
        return KEY_REFUSED
    windows.ordered_edition = (wanted, key)
    windows.starts_to_edition = 2 if variants["edition_restarts"] == "two" else 1
    return 0


def take_edition(windows: Installation, keys: KeyBook, now: datetime, variants: Mapping[str, str]) -> None:
    """At a start: become what was ordered, with its key installed, if this is the start that brings it."""
    if windows.ordered_edition is None:
        return
    windows.starts_to_edition -= 1
    if windows.starts_to_edition:
        return
    name, key = windows.ordered_edition
    edition, core = _IDS[name]
    windows.ordered_edition = None
    windows.os = replace(windows.os, edition=edition, core=core, evaluation=False)
    install_key(windows, key, keys, now, variants)
