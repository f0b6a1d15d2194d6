"""How each discovered guest is reached: the inventory's rules, first match wins, entries override."""

from fnmatch import fnmatchcase

from harness.core.model import GuestAccess, GuestEntry, GuestRule, Inventory, VirtualMachine, VmState

__all__ = ["access_of", "entry_of", "guest_address", "rule_of"]

_NO_ACCESS = GuestRule("*", None, GuestAccess.NONE, None, None)


def entry_of(inventory: Inventory, vm: VirtualMachine) -> GuestEntry | None:
    """The inventory's own entry for that VM, by id or by name."""
    return inventory.guests.get(vm.vm_id) or inventory.guests.get(vm.name)


def rule_of(inventory: Inventory, vm: VirtualMachine) -> GuestRule:
    """The first guest_access rule that matches the VM's name and host; without one, no access."""
    for rule in inventory.guest_rules:
        if fnmatchcase(vm.name.casefold(), rule.pattern.casefold()) and rule.host in (None, vm.host):
            return rule
    return _NO_ACCESS


def access_of(inventory: Inventory, vm: VirtualMachine) -> GuestAccess:
    """How to reach inside: NONE also where there is nothing to talk to (not running, not Windows by its own word)."""
    if vm.state is not VmState.RUNNING or _says_not_windows(vm):
        return GuestAccess.NONE
    entry = entry_of(inventory, vm)
    return entry.access if entry is not None and entry.access is not None else rule_of(inventory, vm).access


def guest_address(inventory: Inventory, vm: VirtualMachine) -> str | None:
    """Where the guest listens: the inventory's word, else the first IPv4 address, else the name, that KVP tells.

    KVP is hearsay that the guest's administrator can rewrite. It chooses whom we call, never whom we believe: the
    certificate must fit, and the guest's own VM id must match before anything is changed.
    """
    entry = entry_of(inventory, vm)
    if entry is not None and entry.address:
        return entry.address
    addresses = [a.strip() for a in vm.kvp.get("NetworkAddressIPv4", "").split(";")]
    return next((a for a in addresses if a), None) or vm.kvp.get("FullyQualifiedDomainName") or None


def _says_not_windows(vm: VirtualMachine) -> bool:
    return "OSDistributionName" in vm.kvp or "linux" in vm.kvp.get("OSName", "").casefold()
