"""The failover cluster as one of its nodes sees it. Only the local one is asked: naming one would be a second hop."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from harness.core.model import ClusterNode, ClusterView
from harness.remoting import PowerShellSession, Statement, cmd
from harness.windows._refusal import refuse_errors
from harness.windows._values import Row
from harness.windows.answers import ask
from harness.windows.question import QUALIFIED, Question

__all__ = ["CLUSTER", "CLUSTER_QUESTIONS", "GROUPS", "NODES", "cluster_view", "move_role", "read_role_owner"]

CLUSTER = Question(
    "cluster", (cmd("Get-Cluster"),), ("Name", "ClusterFunctionalLevel"), depth=1, expected=True, subject="cluster"
)
NODES = Question(
    "nodes",
    (cmd("Get-ClusterNode"),),
    ("Name", "State", "BuildNumber"),
    depth=1,
    expected=True,
    several=True,
    subject="cluster",
)
GROUPS = Question(
    "groups",
    (cmd("Get-ClusterGroup"),),
    ("Id", "Name", "GroupType", "OwnerNode", "State", "VMId"),
    depth=1,
    expected=True,
    several=True,
    subject="cluster",
)
"""A cluster always has its core group. Depth 1 keeps OwnerNode from unfolding its own cluster."""
CLUSTER_QUESTIONS = (CLUSTER, NODES, GROUPS)

_STATES = {-1: "unknown", 0: "up", 1: "down", 2: "paused", 3: "joining"}
"""Microsoft.FailoverClusters.PowerShell.ClusterNodeState."""
_VIRTUAL_MACHINE = ("111", "virtualmachine")
"""GroupType of a VM's role: ClusGroupTypeVirtualMachine (clusapi.h), by number or name."""


def cluster_view(cluster: Row | None, nodes: Sequence[Row], groups: Sequence[Row]) -> ClusterView | None:
    """The cluster; None without an answer to CLUSTER.

    ``owners`` goes by VM id where the group shows one, by group name elsewhere; both are unique within a cluster.
    """
    name = cluster.text("Name") if cluster else None
    if cluster is None or name is None:
        return None
    return ClusterView(
        name=name,
        functional_level=cluster.number("ClusterFunctionalLevel"),
        nodes=tuple(_node(row) for row in nodes if row.text("Name")),
        owners=dict(_owners(groups)),
    )


def _node(row: Row) -> ClusterNode:
    number = row.number("State")
    if number is not None:
        state = _STATES.get(number, "unknown")
    else:
        named = (row.text("State") or "").casefold()
        state = named if named in _STATES.values() else "unknown"
    return ClusterNode(row.text("Name") or "", state, row.number("BuildNumber"))


def _owners(groups: Sequence[Row]) -> list[tuple[str, str]]:
    found = []
    for row in groups:
        name, owner = row.guid("VMId") or row.text("Name"), _owner(row)
        if name and owner and (row.text("GroupType") or "").casefold() in _VIRTUAL_MACHINE:
            found.append((name, owner))
    return found


def _owner(row: Row) -> str | None:
    """The owner node's name: a text, or an object that holds it."""
    value = row.get("OwnerNode")
    if isinstance(value, Mapping):
        value = Row.of(value).get("Name")
    return value if isinstance(value, str) and value else None


def read_role_owner(session: PowerShellSession, vm_id: str, *, seconds: float) -> str | None:
    """The node that owns a VM's role now. Retry class: read.

    Returns:
        the node's name, or None where the answer does not tell.

    Raises:
        RemoteError: the cluster does not know such a role, or refuses.
        TransportError: by phase.
    """
    question = replace(GROUPS, source=(cmd("Get-ClusterGroup", VMId=UUID(vm_id)),))
    answers = ask(session, [question], QUALIFIED, seconds=seconds)
    row = answers.first(GROUPS.name)
    refuse_errors(answers.errors[GROUPS.name], target=session.target, step="read_role_owner", answered=row is not None)
    return _owner(row) if row is not None else None


def move_role(session: PowerShellSession, vm_id: str, node: str, *, seconds: float) -> None:
    """Begin the live migration of one VM's role to a node. Retry class: idempotent; read back with read_role_owner.

    The command does not wait for the migration (``Wait`` 0), so that it never outlives its deadline. Parameters:
    Microsoft Learn, Move-ClusterVirtualMachineRole (2023-01-10), which also says that a network logon may be refused
    without CredSSP; an endpoint with an account of its own is the other way.

    Args:
        session: with any node of the cluster, which asks its own cluster service: no second hop.
        vm_id: the VM's GUID, by which no other VM can be meant.
        node: the node's name in the cluster.
        seconds: deadline of the command.

    Raises:
        RemoteError: the cluster refuses.
        TransportError: by phase.
    """
    call = cmd("Move-ClusterVirtualMachineRole", VMId=UUID(vm_id), Node=node, MigrationType="Live", Wait=0)
    result = session.run([Statement((call,))], seconds=seconds)
    refuse_errors(result.errors, target=session.target, step="move_role")
