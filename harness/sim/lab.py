"""The simulated lab as a whole: start one on this loop, in a thread of its own, or as a program until SIGTERM.

Example, in a test::

    with serve_in_thread(demo_topology(), directory=tmp_path) as lab:
        print(lab.document["inventory"])
"""

import asyncio
import json
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from harness.sim._running import RunningLab
from harness.sim.topology import Topology
from harness.sim.variants import REGISTER, Variants

__all__ = ["LabThread", "RunningLab", "serve", "serve_in_thread", "start_lab"]

T = TypeVar("T")
_PATIENCE = 60.0


async def start_lab(
    topology: Topology,
    *,
    seed: int = 1,
    variants: Mapping[str, str] | None = None,
    directory: Path,
) -> RunningLab:
    """Start a lab on the running loop.

    Args:
        topology: from ``load_topology`` or ``demo_topology``.
        seed: makes passwords and VM ids.
        variants: choices that override the topology's, which override the register's defaults.
        directory: where ca.pem, inventory.yaml and secrets go; made if missing.

    Raises:
        UnknownVariantError: a variant or choice that the register has not.
        OSError: no address or port was free.
    """
    lab = RunningLab(
        topology, seed=seed, variants=Variants({**topology.variants, **(variants or {})}), directory=directory
    )
    try:
        await lab.start()
    except BaseException:
        await lab.close()
        raise
    return lab


class LabThread:
    """A lab on a loop and thread of its own, for clients that block. A context manager."""

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int = 1,
        variants: Mapping[str, str] | None = None,
        directory: Path,
    ) -> None:
        self._loop = asyncio.SelectorEventLoop()  # Listening needs one; Windows has another by default
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated lab", daemon=True)
        self._thread.start()
        try:
            self.lab = self.call(start_lab(topology, seed=seed, variants=variants, directory=directory))
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def document(self) -> dict[str, Any]:
        """The `avma/sim/1` document."""
        return self.lab.document()

    @property
    def inventory(self) -> Path:
        return self.lab.inventory

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the lab's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def do(self, work: Callable[[RunningLab], T]) -> T:
        """Run a function of the lab on its loop: how a test changes the world behind a client's back."""

        async def inside() -> T:
            return work(self.lab)

        return self.call(inside())

    def close(self) -> None:
        """Stop the lab and its thread."""
        self.call(self.lab.close())
        self._stop()

    def _stop(self) -> None:
        self.call(_cancel_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()


async def _cancel_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def serve_in_thread(
    topology: Topology,
    *,
    seed: int = 1,
    variants: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Iterator[LabThread]:
    """Serve a lab beside the calling thread; without ``directory`` in a temporary one that goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="avma-lab-") as temporary,
        LabThread(topology, seed=seed, variants=variants, directory=directory or Path(temporary)) as lab,
    ):
        yield lab


def serve(
    topology: Topology,
    *,
    output_json: bool,
    seed: int = 1,
    variants: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> None:
    """Serve a lab until SIGTERM or SIGINT; its document, or a summary for people, is the first thing on stdout."""
    with tempfile.TemporaryDirectory(prefix="avma-lab-") as temporary:
        starting = start_lab(topology, seed=seed, variants=variants, directory=directory or Path(temporary))
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_serve(starting, output_json=output_json))


async def _serve(starting: Coroutine[Any, Any, RunningLab], *, output_json: bool) -> None:
    lab = await starting
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(ended.set)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        sys.stdout.write((json.dumps(lab.document()) if output_json else _summary(lab)) + "\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        await lab.close()


def _summary(lab: RunningLab) -> str:
    document = lab.document()
    endpoints = document["endpoints"]
    assert isinstance(endpoints, list)
    lines = [
        f"The simulated lab {document['name']} is up, until Ctrl-C.",
        f"  control    {document['control']}",
        f"  inventory  {document['inventory']}",
        f"  try        avma -i {document['inventory']} verify",
    ]
    places: dict[tuple[str, str, str], list[str]] = {}
    for e in endpoints:
        urls = places.setdefault((e["computer_name"], e["role"], e["name"]), [])
        urls.append(f"{e['scheme']}://{e['address']}:{e['port']}")
    lines += [f"  {role:<5} {name:<16} {'  '.join(urls)}" for (_, role, name), urls in places.items()]
    chosen = [f"{name}={choice}" for name, choice in lab.variants().items() if choice != REGISTER[name].default]
    lines += [f"  variant    {text}" for text in chosen]
    return "\n".join(lines)
