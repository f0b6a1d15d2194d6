"""The world as JSON, for the control interface: what is true, whatever the machines answer."""

from datetime import datetime

from harness.sim.world._activation import host_is_activated
from harness.sim.world._fabric import Cluster, Host
from harness.sim.world._keys import tail
from harness.sim.world._licence import minutes_left
from harness.sim.world._virtual import COMPONENTS, LinuxSystem, VirtualMachine
from harness.sim.world._world import World

__all__ = ["snapshot"]

Json = dict[str, object]


def snapshot(world: World) -> Json:
    """The whole world after everything due has happened."""
    now = world.settle()
    return {
        "now": _time(now),
        "variants": dict(world.variants),
        "clusters": [_cluster(cluster) for cluster in world.clusters],
        "hosts": [_host(world, host, now) for host in world.hosts],
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _cluster(cluster: Cluster) -> Json:
    return {
        "name": cluster.name,
        "functional_level": cluster.functional_level,
        "nodes": [node.name for node in cluster.nodes],
        "states": {node.name: node.node_state.name for node in cluster.nodes},
    }


def _host(world: World, host: Host, now: datetime) -> Json:
    return {
        "name": host.name,
        "flavour": host.flavour,
        "os_version": host.windows.os.release,
        "edition": host.windows.os.edition,
        "language": host.windows.language_tag,
        "hyperv": host.hyperv,
        "activated": host_is_activated(host, now, world.variants),
        "subscription": host.subscription.enabled,
        "keys_applied": [
            {
                "last5": tail(applied.key),
                "time": _time(applied.time),
                "accepted": applied.accepted,
                "kind": applied.kind,
                "version": applied.version,
                "hresult": f"0x{applied.hresult:08X}",
            }
            for applied in host.keys_applied
        ],
        "vms": [_vm(vm, now) for vm in host.vms],
    }


def _vm(vm: VirtualMachine, now: datetime) -> Json:
    windows = vm.windows
    shown: Json = {
        "name": vm.name,
        "id": str(vm.id),
        "state": vm.state.name,
        "generation": vm.generation,
        "clustered": vm.clustered,
        "address": vm.address,
        "access": vm.access,
        "os_version": windows.os.release if windows else None,
        "edition": windows.os.edition if windows else None,
        "evaluation": windows.os.evaluation if windows else None,
        "family": windows.os.family if windows else "linux" if isinstance(vm.system, LinuxSystem) else None,
        "integration_services": {
            COMPONENTS[component]: {
                "id": component,
                "enabled": service.enabled,
                "status": service.status(running=vm.running).name,
            }
            for component, service in vm.services.items()
        },
        "license": None,
    }
    if windows is not None:
        licence = windows.licence
        shown["license"] = {
            "channel": str(licence.channel) if licence.channel else None,
            "last5": licence.key.last5 if licence.key else None,
            "status": int(licence.status),
            "reason": f"0x{licence.reason:08X}",
            "expires_minutes": minutes_left(licence, now),
            "granted_by": licence.grant.host if licence.grant else None,
            "granted_at": _time(licence.grant.time) if licence.grant else None,
        }
    return shown
