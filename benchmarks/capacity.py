"""`make capacity`: what one process of the simulated lab carries, as counts and ratios; fails past a limit."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.carrier import ECHO, Carrier
from benchmarks.machine import Machine, this_machine
from benchmarks.pages import put_into
from benchmarks.report import table
from benchmarks.wire import RawPool
from benchmarks.worker import Json

__all__ = ["BEGIN", "END", "Capacity", "measure", "page"]

BEGIN = "<!-- written by make capacity: begin -->"
END = "<!-- written by make capacity: end -->"
MOST_MEMORY = 1536
LEAST_RATIO = 0.8
_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was carried.

    ``memory``: the most that the process held, in MB. ``answered``: hosts that served a whole session with Get-VM.
    ``polls``: long polls that waited at once. ``ratio``: CPU of a bare psrpcore echo over that of the served one.
    """

    hosts: int
    guests: int
    machines: int
    sockets: int
    memory: float
    answered: int
    polls: int
    wanted_polls: int
    ratio: float

    def rows(self) -> list[tuple[str, str, str, bool]]:
        """Each figure, what was found, its limit, and whether it holds."""
        return [
            ("hosts that served a session", str(self.answered), f"all {self.hosts}", self.answered == self.hosts),
            ("guests in the world", str(self.guests), "-", True),
            ("computers with listeners, sockets", f"{self.machines}, {self.sockets}", "-", True),
            (
                "memory of the process at its highest",
                f"{self.memory:.0f} MB",
                f"at most {MOST_MEMORY} MB",
                self.memory <= MOST_MEMORY,
            ),
            (
                "long polls that waited at once",
                str(self.polls),
                f"all {self.wanted_polls}",
                self.polls == self.wanted_polls,
            ),
            (
                "requests a CPU second ÷ those of a bare psrpcore echo",
                f"{self.ratio:.2f}",
                f"at least {LEAST_RATIO}",
                self.ratio >= LEAST_RATIO,
            ),
        ]


def page(found: Capacity, machine: Machine, today: date) -> str:
    """The part of docs/simulated-lab.md that a run writes."""
    rows = [["figure", "found", "limit", "holds"]]
    rows += [[name, value, limit, "yes" if good else "NO"] for name, value, limit, good in found.rows()]
    return f"`make capacity` on {today.isoformat()}: {machine.sentence()}.\n\n{table(rows)}"


def measure(hosts: int, guests: int, polls: int, invokes: int) -> Capacity:
    """Start a lab of that size in a process of its own and load it.

    Args:
        hosts: how many; each is asked for its VMs over a session of its own.
        guests: on each host.
        polls: long polls to hold at once, spread over the hosts.
        invokes: echoes that the ratio is taken from.
    """
    with Carrier(hosts, guests) as carrier:
        places = carrier.places()
        answered = asyncio.run(_ask_all(places))
        most = asyncio.run(_poll_all(places, polls, carrier))
        before = carrier.figures()["cpu"]
        asyncio.run(_echo(places["echo"], invokes))
        served = (carrier.figures()["cpu"] - before) / invokes
        bare = carrier.bare(invokes)
        figures = carrier.figures()
    return Capacity(
        hosts=hosts,
        guests=figures["guests"],
        machines=figures["machines"],
        sockets=figures["sockets"],
        memory=figures["memory"],
        answered=answered,
        polls=most,
        wanted_polls=polls,
        ratio=bare / served,
    )


async def _ask_all(places: Json) -> int:
    """Ask every host for its VMs; how many answered."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(place: Json) -> bool:
        async with room, RawPool(place, places["user"], places["password"]) as pool:
            return await pool.invoke("Get-VM") > 0

    return sum(await asyncio.gather(*(ask(place) for place in places["hosts"])))


async def _poll_all(places: Json, polls: int, carrier: Carrier) -> int:
    """Hold long polls on as many hosts at once; how many waited at the same time and ended as they should."""
    hosts: Sequence[Json] = places["hosts"]
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(RawPool(hosts[n % len(hosts)], places["user"], places["password"]))
            for n in range(polls)
        ]
        waiting = [asyncio.create_task(pool.long_poll("PT6S")) for pool in pools]
        seen = 0
        while not any(task.done() for task in waiting) and seen < polls:
            await asyncio.sleep(0.05)
            seen = max(seen, carrier.figures()["waiting"])
        ended = sum(await asyncio.gather(*waiting))
    return min(seen, ended)


async def _echo(place: Json, invokes: int) -> None:
    async with RawPool(place, ECHO.name, ECHO.password) as pool:
        for _ in range(invokes):
            assert await pool.invoke("Write-Output", "hello") == 1


def main() -> int:
    """Measure at full size, print the table, and tell by the exit code whether all limits hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=main.__doc__)
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--guests", type=int, default=20)
    parser.add_argument("--polls", type=int, default=400)
    parser.add_argument("--invokes", type=int, default=500)
    parser.add_argument("--write", type=Path, help="file that takes the table between its two marks")
    options = parser.parse_args()
    machine = this_machine()
    found = measure(options.hosts, options.guests, options.polls, options.invokes)
    part = page(found, machine, datetime.now(UTC).date())
    print(part)
    good = all(row[-1] for row in found.rows())
    if options.write and good:
        put_into(options.write, part, BEGIN, END)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
