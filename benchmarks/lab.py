"""The lab of a measurement: so many hosts with so many VMs each, in a process of its own.

Run as ``python -m benchmarks.lab HOSTS VMS``; it answers
``{"do": "document" | "latency" | "reset" | "cpu" | "figures"}``.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.worker import Json, Worker
from harness.sim.lab import RunningLab, start_lab
from harness.sim.topology import Topology

__all__ = ["LabProcess", "topology"]


class LabProcess(Worker):
    """A lab that runs beside this process; a context manager."""

    def __init__(self, hosts: int, vms: int) -> None:
        super().__init__([sys.executable, "-m", "benchmarks.lab", str(hosts), str(vms)])

    def document(self) -> Json:
        """The `avma/sim/1` document."""
        return self.ask(do="document")

    def latency(self, seconds: float) -> None:
        """Add so many seconds to each request from here on."""
        self.ask(do="latency", seconds=seconds)

    def reset(self) -> None:
        """Count from nought."""
        self.ask(do="reset")

    def cpu(self) -> float:
        """CPU seconds that the lab has used so far; asking costs next to nothing."""
        return float(self.ask(do="cpu")["cpu"])

    def requests(self) -> int:
        """HTTP requests since the last reset, those that were answered with 401 included."""
        return int(self.ask(do="figures")["requests"])

    def commands(self) -> dict[str, int]:
        """Commands run so far, by name, over all hosts, whether they came typed or in a script."""
        return dict(self.ask(do="figures")["commands"])


def topology(hosts: int, vms: int) -> Topology:
    """Datacenter hosts of 2022 with running guests, all activated through their host. Guests have no listeners."""
    return Topology.model_validate(
        {
            "version": 1,
            "name": "benchmark",
            "hosts": [
                {
                    "name": f"HV{number:04}",
                    "os": {"release": "2022", "edition": "Datacenter"},
                    "listen": {"http": False},
                    "guests": [_guest(number, place) for place in range(vms)],
                }
                for number in range(hosts)
            ],
        }
    )


def _guest(host: int, place: int) -> Json:
    return {
        "name": f"hv{host:04}-vm{place:02}",
        "os": {"release": ("2016", "2019", "2022")[place % 3], "edition": ("Standard", "Datacenter")[place % 2]},
        "key": "avma",
        "licensed": True,
        "access": "none",
    }


async def _serve(hosts: int, vms: int) -> None:
    with tempfile.TemporaryDirectory(prefix="avma-bench-") as directory:
        lab = await start_lab(topology(hosts, vms), directory=Path(directory))
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            sys.stdout.write(json.dumps(_answer(lab, json.loads(line))) + "\n")
            sys.stdout.flush()
        await lab.close()


def _answer(lab: RunningLab, request: Json) -> Json:
    match request["do"]:
        case "document":
            return lab.document()
        case "latency":
            lab.server.set_latency(request["seconds"])
        case "reset":
            lab.server.reset_counters()
        case "cpu":
            return {"cpu": time.process_time()}
        case _:
            return _figures(lab)
    return {}


def _figures(lab: RunningLab) -> Json:
    requests = sum(one.requests.total() + one.unauthorized for one in lab.server.counters.values())
    commands: Counter[str] = Counter()
    by_host = lab.counters()["by_host"]
    assert isinstance(by_host, dict)
    for host in by_host.values():
        commands.update(host["commands"])
    return {"requests": requests, "commands": commands}


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
