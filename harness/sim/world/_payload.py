"""The insertion strings of events 12309 and 12310. Their layout is unrecorded: each form here is a variant."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime

from harness.sim.world._virtual import VirtualMachine

__all__ = ["event_values"]


def event_values(vm: VirtualMachine, hresult: int, now: datetime, variants: Mapping[str, str]) -> tuple[str, str]:
    """%1 (the HRESULT) and %2 (free data) in the forms the world was built with."""
    return _HRESULT[variants["event_hresult"]](hresult), _PAYLOAD[variants["event_payload"]](vm, now)


_HRESULT: dict[str, Callable[[int], str]] = {
    "short": lambda code: f"0x{code:X}",
    "padded": lambda code: f"0x{code:08X}",
    "lower": lambda code: f"0x{code:x}",
}


def _sku(vm: VirtualMachine) -> tuple[str, str]:
    assert vm.windows is not None
    status = vm.windows.licence.status
    return vm.windows.os.licence_family, str(int(status))


def _comma(vm: VirtualMachine, now: datetime) -> str:
    family, status = _sku(vm)
    return f"{status}, {family}, {vm.id}, {vm.host.windows.fqdn}, {now:%Y/%m/%d %H:%M}"


def _lines(vm: VirtualMachine, now: datetime) -> str:
    family, status = _sku(vm)
    return (
        f"Product: {family}\r\nLicense State: {status}\r\nVirtual Machine ID: {{{str(vm.id).upper()}}}\r\n"
        f"Host: {vm.host.name}\r\nTime: {now:%Y-%m-%dT%H:%M:%SZ}"
    )


def _pairs(vm: VirtualMachine, _now: datetime) -> str:
    family, status = _sku(vm)
    return f"Sku={family};State={status};VmId={str(vm.id).upper()};Machine={vm.name}"


def _vm_only(vm: VirtualMachine, _now: datetime) -> str:
    return str(vm.id).upper()


def _no_ids(vm: VirtualMachine, _now: datetime) -> str:
    family, status = _sku(vm)
    return f"{family} edition, license state {status}"


def _blob(vm: VirtualMachine, now: datetime) -> str:
    return base64.b64encode(_comma(vm, now).encode("utf-16-le")).decode()


def _empty(_vm: VirtualMachine, _now: datetime) -> str:
    return ""


_PAYLOAD: dict[str, Callable[[VirtualMachine, datetime], str]] = {
    "comma": _comma,
    "lines": _lines,
    "pairs": _pairs,
    "vm_only": _vm_only,
    "no_ids": _no_ids,
    "blob": _blob,
    "empty": _empty,
}
