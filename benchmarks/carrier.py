"""The lab under load: so many hosts with so many guests each, and an echo machine, in a process of its own.

Run as ``python -m benchmarks.carrier HOSTS GUESTS``; it answers ``{"do": "places" | "figures" | "bare"}``. The mix of
releases, editions and troubles is that of ``avma sim topology``; as many guests get a listener of their own as this
process may open sockets.
"""

import asyncio
import json
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psrpcore

from benchmarks.worker import Json, Worker
from harness.sim._echo import EchoMachine
from harness.sim.generate import generate_topology
from harness.sim.lab import RunningLab, start_lab
from harness.sim.machine import Account
from harness.sim.server import Listener
from harness.sim.topology import Topology, read_topology

__all__ = ["ECHO", "Carrier", "bare_echo"]

ECHO = Account("echo", "ECHO", "echo-1")
_RESERVED = 3000
"""Descriptors that are left for connections."""


class Carrier(Worker):
    """A lab that runs beside this process; a context manager."""

    def __init__(self, hosts: int, guests: int) -> None:
        super().__init__([sys.executable, "-m", "benchmarks.carrier", str(hosts), str(guests)])

    def places(self) -> Json:
        """``hosts``: name, address and port of each; ``echo`` the same of the echo machine; ``user``, ``password``."""
        return self.ask(do="places")

    def figures(self) -> Json:
        """``cpu`` seconds, ``memory`` (the most so far, in MB), ``sockets``, ``machines``, ``guests``, ``waiting``."""
        return self.ask(do="figures")

    def bare(self, invokes: int) -> float:
        """CPU seconds of psrpcore alone for one echo."""
        return float(self.ask(do="bare", invokes=invokes)["seconds"])


def bare_echo(invokes: int) -> float:
    """CPU seconds of psrpcore's server for one pipeline that puts out its argument; no HTTP, no authentication."""
    client, server = psrpcore.ClientRunspacePool(), psrpcore.ServerRunspacePool()
    client.open()
    server.receive_data(client.data_to_send())
    while server.next_event():
        pass
    while data := server.data_to_send():
        client.receive_data(data)
    while client.next_event():
        pass
    calls = []
    for _ in range(invokes):
        shell = psrpcore.ClientPowerShell(client)
        shell.add_command("Write-Output").add_argument("hello")
        shell.start()
        calls.append((shell.pipeline_id, client.data_to_send()))
    began = time.thread_time()
    for pipeline_id, data in calls:
        pipeline = psrpcore.ServerPipeline(server, pipeline_id)
        server.receive_data(data)
        server.next_event()
        pipeline.start()
        for _, value in pipeline.metadata.commands[0].parameters:
            pipeline.write_output(value)
        pipeline.complete()
        pipeline.close()
        while server.data_to_send(32768):
            pass
    return (time.thread_time() - began) / invokes


def topology(hosts: int, guests: int, sockets: int) -> Topology:
    """A generated topology whose hosts also take plain HTTP, and whose guests listen as far as ``sockets`` go."""
    document = generate_topology(hosts, guests, 1).model_dump(mode="json")
    left = sockets - 2 * hosts
    for host in _hosts(document):
        host["listen"] = {"allow_unencrypted": True}
        for guest in host["guests"]:
            if guest["access"] == "winrm" and left > 0:
                guest["listen"] = {"http": False}
                left -= 1
            elif guest["access"] == "winrm":
                guest["access"] = "direct"
    return read_topology(document, str(document["name"]))


def _hosts(document: Json) -> Iterator[Json]:
    yield from document["hosts"]
    for cluster in document["clusters"]:
        yield from cluster["nodes"]


async def _serve(hosts: int, guests: int) -> None:
    sockets = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - _RESERVED
    with tempfile.TemporaryDirectory(prefix="avma-capacity-") as directory:
        lab = await start_lab(topology(hosts, guests, sockets), directory=Path(directory))
        echo = EchoMachine(name="ECHO", accounts=(ECHO,))
        await lab.server.start([Listener(echo, "127.0.0.1", 0, None, auth=("Basic",), allow_unencrypted=True)])
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            sys.stdout.write(json.dumps(_answer(lab, json.loads(line))) + "\n")
            sys.stdout.flush()
        await lab.close()


def _answer(lab: RunningLab, request: Json) -> Json:
    match request["do"]:
        case "places":
            return _places(lab)
        case "bare":
            return {"seconds": bare_echo(request["invokes"])}
        case _:
            return _figures(lab)


def _places(lab: RunningLab) -> Json:
    endpoints = lab.document()["endpoints"]
    assert isinstance(endpoints, list)
    hosts = [one for one in endpoints if one["role"] != "guest" and one["scheme"] == "http"]
    account = hosts[0]
    return {
        "hosts": [{"name": one["name"], "address": one["address"], "port": one["port"]} for one in hosts],
        "echo": {"name": "ECHO", "address": "127.0.0.1", "port": lab.server.ports("ECHO")[0]},
        "user": account["username"],
        "password": account["password"],
    }


def _figures(lab: RunningLab) -> Json:
    status = Path("/proc/self/status")
    peak = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    kilobytes = int(peak[1]) if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    listening = sum(port is not None for name in lab.server.machines for port in lab.server.ports(name))
    return {
        "cpu": time.process_time(),
        "memory": kilobytes / 1024,
        "sockets": listening,
        "machines": len(lab.server.machines) - 1,
        "guests": len(lab.world.vms),
        "waiting": sum(lab.server.waiting(name) for name in lab.server.machines),
    }


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
