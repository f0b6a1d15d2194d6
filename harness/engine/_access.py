"""How each discovered guest is reached: the inventory's rules, first match wins, entries override."""

from dataclasses import replace
from fnmatch import fnmatchcase

from harness.core.model import Connection, GuestAccess, GuestEntry, GuestRule, Inventory, VirtualMachine, VmState
from harness.core.verdict import says_no_windows

__all__ = ["access_of", "entry_of", "guest_address", "guest_connection", "guest_credential", "rule_of"]

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
    """How to reach inside: NONE also where there is nothing to talk to (not running, no Windows by its own word).

    That word is hearsay: an entry of its own outweighs it, and one that contradicts itself keeps nobody out.
    """
    if vm.state is not VmState.RUNNING:
        return GuestAccess.NONE
    entry = entry_of(inventory, vm)
    if entry is not None and entry.access is not None:
        return entry.access
    return GuestAccess.NONE if says_no_windows(vm.kvp) else rule_of(inventory, vm).access


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


def guest_connection(inventory: Inventory, vm: VirtualMachine) -> Connection | None:
    """How to reach the guest by WinRM: its rule's template with its own address; None where either is missing."""
    template, address = rule_of(inventory, vm).connection, guest_address(inventory, vm)
    if template is None or address is None:
        return None
    return replace(template, address=address, credential=guest_credential(inventory, vm))


def guest_credential(inventory: Inventory, vm: VirtualMachine) -> str | None:
    """The name of the credential that opens the guest: its entry's, else its rule's."""
    entry, rule = entry_of(inventory, vm), rule_of(inventory, vm)
    template = rule.connection.credential if rule.connection else None
    return (entry.credential if entry else None) or rule.credential or template
