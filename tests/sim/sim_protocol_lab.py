"""A lab server on a loop of its own thread, with echo machines behind it; for the tests of the protocol rooms."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pypsrp.wsman import WSMan

from harness.sim._echo import EchoMachine
from harness.sim.server import CertificateAuthority, LabServer, Listener

T = TypeVar("T")
USER, PASSWORD = "vagrant", "Passw0rd!é"
ADDRESS = f"127.{64 + (os.getpid() >> 16) % 60}.{(os.getpid() >> 8) % 250 + 1}.{os.getpid() % 250 + 1}"
"""An address of this process's own: a port that one run gives up for a moment is not taken by another run."""


class LoopThread:
    """An event loop that runs beside the test's blocking clients."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="lab loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def stop(self) -> None:
        """Cancel what is left and end the thread."""
        self.run(self._cancel_rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _cancel_rest(self) -> None:
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


@dataclass
class Lab:
    """One served echo machine and how to reach it."""

    thread: LoopThread
    server: LabServer
    machine: EchoMachine
    authority: CertificateAuthority
    address: str = ADDRESS
    http_port: int = 0
    https_port: int = 0
    clients: list[WSMan] = field(default_factory=list)

    @property
    def counters(self) -> Any:
        return self.server.counters[self.machine.name]

    def url(self, *, secure: bool = True) -> str:
        if secure:
            return f"https://{self.address}:{self.https_port}/wsman"
        return f"http://{self.address}:{self.http_port}/wsman"

    def wsman(self, *, secure: bool = True, **more: Any) -> WSMan:
        options: dict[str, Any] = {"username": USER, "password": PASSWORD, "auth": "basic", "no_proxy": True}
        if secure:
            options |= {"ssl": True, "port": self.https_port, "cert_validation": str(self.authority.path)}
        else:
            options |= {"ssl": False, "port": self.http_port}
            options |= {"encryption": "never"} if more.get("auth", "basic") == "basic" else {}
        client = WSMan(self.address, **{**options, **more})
        self.clients.append(client)
        return client

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.thread.run(self.server.close())


def start_lab(
    thread: LoopThread,
    directory: Path,
    machine: EchoMachine | None = None,
    *,
    flavour: str = "good",
    clock: Callable[[], float] = time.monotonic,
    **listener: Any,
) -> Lab:
    """Serve one echo machine on free ports."""
    directory.mkdir(parents=True, exist_ok=True)
    machine = machine or EchoMachine()
    authority = CertificateAuthority(directory)
    certificate = authority.issue([machine.name.lower()], [ADDRESS], flavour)
    listener = {"allow_unencrypted": True, **listener}
    server = LabServer(clock=clock)
    thread.run(server.start([Listener(machine, ADDRESS, 0, 0, certificate, **listener)]))
    http_port, https_port = server.ports(machine.name)
    assert http_port is not None
    assert https_port is not None
    return Lab(thread, server, machine, authority, ADDRESS, http_port, https_port)
