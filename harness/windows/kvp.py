"""What guests tell their host through Data Exchange. Hearsay: a guest's administrator can write anything here."""

from collections.abc import Mapping, Sequence

from harness.core.witnesses.kvp import parse_kvp_items
from harness.remoting import cmd
from harness.windows._values import Row
from harness.windows.question import Question

__all__ = ["KVP", "items_by_vm"]

KVP = Question(
    "kvp",
    (cmd("Get-CimInstance", Namespace="root\\virtualization\\v2", ClassName="Msvm_KvpExchangeComponent"),),
    ("SystemName", "GuestIntrinsicExchangeItems"),
)
"""One object per VM, its SystemName the VM's GUID. Without the Hyper-V role the namespace itself is missing."""


def items_by_vm(rows: Sequence[Row]) -> Mapping[str, Mapping[str, str]]:
    """The intrinsic items of each VM by name, by VM id in lower case; unreadable items are left out."""
    return {
        vm_id: parse_kvp_items(item for item in row.items("GuestIntrinsicExchangeItems") if isinstance(item, str))
        for row in rows
        if (vm_id := row.guid("SystemName"))
    }
