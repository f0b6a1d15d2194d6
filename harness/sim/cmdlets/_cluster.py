"""The FailoverClusters cmdlets. Property names and enum numbers: Microsoft Learn, failoverclusters module."""

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID, uuid5

from harness.sim.cmdlets._convert import as_list, to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.cmdlets._values import prop
from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, ErrorRecord, Obj
from harness.sim.world import Cluster, Host, NodeState, VirtualMachine, VmState

__all__ = ["COMMANDS"]

_PREFIX = "Microsoft.FailoverClusters.PowerShell."
_COMMANDS = "Microsoft.FailoverClusters.PowerShell."
_MODULE = "FailoverClusters"
_NAMESPACE = UUID("9d2b4f2e-58f4-5c3e-8a57-61f0f1f4d0b1")
_RUNNING = {VmState.Running: ("Online", 0), VmState.Off: ("Offline", 1), VmState.Paused: ("Online", 0)}


def _cluster(call: Call) -> Cluster:
    """This node's cluster. Raises TerminatingError where a network logon is refused."""
    assert call.scope.host is not None
    assert call.scope.host.cluster is not None
    if call.scope.world.variants["cluster_from_network_logon"] == "denied" or not call.scope.administrator:
        raise TerminatingError(
            record(
                "You do not have administrative privileges on the cluster. Access is denied.",
                f"{call.command.name},{call.command.class_name}",
                Category.PERMISSION_DENIED,
                reason="ClusterCmdletException",
                activity=call.command.name,
                hresult=0x80070005,
            )
        )
    call.scope.world.settle()
    return call.scope.host.cluster


def _missing(call: Call, what: str, name: str) -> ErrorRecord:
    return record(
        f"The cluster {what} '{name}' was not found.",
        f"{what.capitalize()}NotFound,{call.command.class_name}",
        Category.OBJECT_NOT_FOUND,
        reason="ClusterCmdletException",
        target=name,
        activity=call.command.name,
    )


def _node_object(node: Host) -> Obj:
    drained = Enum(_PREFIX + "NodeDrainStatus", *(("Completed", 2) if node.drained else ("NotInitiated", 0)))
    major, minor, build = node.windows.os.version.split(".")
    cluster = node.cluster
    return Obj(
        (_PREFIX + "ClusterNode", "System.Object"),
        {
            "Cluster": cluster.name if cluster else None,
            "Name": node.name,
            "Id": str(cluster.nodes.index(node) + 1) if cluster else "1",
            "NodeName": node.name,
            "State": Enum(_PREFIX + "ClusterNodeState", node.node_state.name, int(node.node_state)),
            "NodeInstanceID": str(uuid5(_NAMESPACE, node.name)),
            "NodeWeight": 1,
            "DrainStatus": drained,
            "DrainTarget": 0xFFFFFFFF,
            "MajorVersion": int(major),
            "MinorVersion": int(minor),
            "BuildNumber": int(build),
            "CSDVersion": "",
            "FaultDomain": ["Site:", f"Node:{node.name}"],
        },
        text=node.name,
    )


def _group_object(cluster: Cluster, vm: VirtualMachine) -> Obj:
    owner = _node_object(vm.host)
    return Obj(
        (_PREFIX + "ClusterGroup", "System.Object"),
        {
            "Cluster": cluster.name,
            "Name": vm.name,
            "Id": str(uuid5(_NAMESPACE, str(vm.id))),
            "GroupType": Enum(_PREFIX + "GroupType", "VirtualMachine", 111),
            "OwnerNode": owner,
            "State": Enum(_PREFIX + "ClusterGroupState", *_RUNNING.get(vm.state, ("Offline", 1))),
            "IsCoreGroup": False,
            "Priority": 2000,
            "VMId": str(vm.id),
        },
        text=vm.name,
    )


def _core_group(cluster: Cluster, name: str, kind: str, number: int) -> Obj:
    return Obj(
        (_PREFIX + "ClusterGroup", "System.Object"),
        {
            "Cluster": cluster.name,
            "Name": name,
            "Id": str(uuid5(_NAMESPACE, f"{cluster.name}/{name}")),
            "GroupType": Enum(_PREFIX + "GroupType", kind, number),
            "OwnerNode": _node_object(cluster.nodes[0]),
            "State": Enum(_PREFIX + "ClusterGroupState", "Online", 0),
            "IsCoreGroup": True,
            "Priority": 0,
            "VMId": None,
        },
        text=name,
    )


def _groups(cluster: Cluster) -> Iterator[Obj]:
    yield _core_group(cluster, "Available Storage", "AvailableStorage", 2)
    yield _core_group(cluster, "Cluster Group", "Cluster", 1)
    for node in cluster.nodes:
        for vm in node.vms:
            if vm.clustered:
                yield _group_object(cluster, vm)


@cmdlet("Get-Cluster", P("Name", "string", 0), P("Domain"), module=_MODULE, class_name=_COMMANDS + "GetClusterCommand")
def get_cluster(call: Call) -> Iterable[object]:
    cluster = _cluster(call)
    return [
        Obj(
            (_PREFIX + "Cluster", "System.Object"),
            {
                "Name": cluster.name,
                "Id": str(uuid5(_NAMESPACE, cluster.name)),
                "Domain": cluster.nodes[0].windows.dns_suffix,
                "ClusterFunctionalLevel": cluster.functional_level,
                "ClusterUpgradeVersion": 8,
                "S2DEnabled": 1,
            },
            text=cluster.name,
        )
    ]


@cmdlet(
    "Get-ClusterNode",
    P("Name", "string[]", 0),
    P("Cluster"),
    module=_MODULE,
    class_name=_COMMANDS + "GetClusterNodeCommand",
)
def get_cluster_node(call: Call) -> Iterable[object]:
    nodes = _cluster(call).nodes
    if not call.has("Name"):
        return [_node_object(node) for node in nodes]
    found = []
    for name in call.texts("Name"):
        matching = [node for node in nodes if fnmatch.fnmatchcase(node.name.casefold(), name.casefold())]
        if not matching:
            call.error(_missing(call, "node", name))
        found += [_node_object(node) for node in matching]
    return found


@cmdlet(
    "Get-ClusterGroup",
    P("Name", "string[]", 0),
    P("VMId", "guid"),
    P("Cluster"),
    module=_MODULE,
    class_name=_COMMANDS + "GetClusterGroupCommand",
    exclusive=(("Name", "VMId"),),
)
def get_cluster_group(call: Call) -> Iterable[object]:
    groups = list(_groups(_cluster(call)))
    if call.has("VMId"):
        wanted = str(call.get("VMId"))
        found = [group for group in groups if group.adapted["VMId"] == wanted]
        if not found:
            call.error(_missing(call, "group", wanted))
        return found
    names = [name.casefold() for name in call.texts("Name")]
    return [group for group in groups if not names or any(fnmatch.fnmatchcase(str(group).casefold(), n) for n in names)]


def _named_nodes(call: Call, cluster: Cluster) -> Sequence[Host]:
    names = call.texts("Name") or [to_text(prop(item, "Name")) for item in call.input or []]
    if not names:
        assert call.scope.host is not None
        return [call.scope.host]
    found = []
    for name in names:
        node = cluster.node(name)
        if node is None:
            call.error(_missing(call, "node", name))
        else:
            found.append(node)
    return found


def _drain(call: Call, cluster: Cluster, node: Host) -> None:
    others = [other for other in cluster.nodes if other is not node and other.node_state is NodeState.Up]
    if not others:
        call.error(_missing(call, "node", "drain target"))
        return
    for place, vm in enumerate([vm for vm in node.vms if vm.clustered]):
        call.scope.world.move(vm, others[place % len(others)])
    node.drained = True


@cmdlet(
    "Suspend-ClusterNode",
    P("Name", "string[]", 0),
    P("Drain", "switch"),
    P("ForceDrain", "switch"),
    P("Wait", "switch"),
    P("TargetNode", "string", 1),
    P("Cluster"),
    module=_MODULE,
    class_name=_COMMANDS + "SuspendClusterNodeCommand",
    changes=True,
)
def suspend_cluster_node(call: Call) -> Iterable[object]:
    cluster = _cluster(call)
    nodes = _named_nodes(call, cluster)
    for node in nodes:
        node.node_state = NodeState.Paused
        if call.switch("Drain") or call.switch("ForceDrain"):
            _drain(call, cluster, node)
    return [_node_object(node) for node in nodes]


@cmdlet(
    "Resume-ClusterNode",
    P("Name", "string[]", 0),
    P("Failback", "string", choices=("NoFailback", "Immediate", "Policy")),
    P("Cluster"),
    module=_MODULE,
    class_name=_COMMANDS + "ResumeClusterNodeCommand",
    changes=True,
)
def resume_cluster_node(call: Call) -> Iterable[object]:
    nodes = _named_nodes(call, _cluster(call))
    for node in nodes:
        node.node_state, node.drained = NodeState.Up, False
    return [_node_object(node) for node in nodes]


@cmdlet(
    "Move-ClusterVirtualMachineRole",
    P("Name", "string[]", 0),
    P("Node", "string", 1),
    P("VMId", "guid"),
    P("MigrationType", "string", choices=("TurnOff", "Quick", "Shutdown", "ShutdownForce", "Live")),
    P("Wait", "int"),
    P("Cluster"),
    module=_MODULE,
    class_name=_COMMANDS + "MoveClusterVirtualMachineRoleCommand",
    changes=True,
)
def move_role(call: Call) -> Iterable[object]:
    cluster = _cluster(call)
    wanted = call.texts("Name") + [str(item) for item in as_list(call.get("VMId")) if item]
    wanted = wanted or [to_text(prop(item, "Name")) for item in call.input or []]
    target = cluster.node(call.text("Node")) if call.has("Node") else None
    if target is None or target.node_state is not NodeState.Up:
        call.error(_missing(call, "node", call.text("Node")))
        return []
    moved = []
    for name in wanted:
        vm = _clustered_vm(cluster, name)
        if vm is None:
            call.error(_missing(call, "group", name))
            continue
        call.scope.world.move(vm, target)
        moved.append(_group_object(cluster, vm))
    return moved


def _clustered_vm(cluster: Cluster, name: str) -> VirtualMachine | None:
    wanted = name.casefold()
    vms = (vm for node in cluster.nodes for vm in node.vms if vm.clustered)
    return next((vm for vm in vms if wanted in {vm.name.casefold(), str(vm.id)}), None)


COMMANDS = (
    get_cluster,
    get_cluster_node,
    get_cluster_group,
    suspend_cluster_node,
    resume_cluster_node,
    move_role,
)
