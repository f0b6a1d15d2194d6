"""Every kind of fault at every phase it knows, each seen from outside: what the client gets, what the machine did.

The table is compared with the register, so a new kind or phase needs its row; a kind that stops to strike looks like
the row without a fault.
"""

import asyncio
import base64
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sim_protocol_lab import PASSWORD, USER, Lab, LoopThread, start_lab
from sim_wire import GUID, Answer, PoolClient, Wire, command_xml
from sim_world_topologies import guest, node

from harness.sim.faults import KINDS, WORLD_KINDS, Fault
from harness.sim.lab import LabThread
from harness.sim.topology import read_topology

SECONDS = 0.4


@dataclass(frozen=True)
class Seen:
    """One Command as its client saw it, and what it left behind.

    ``client``: HTTP status, the fault's code behind it, or how the connection ended. ``worked``: whether the machine
    ran the command. ``slow``: whether it took at least the fault's time. ``shells`` that are left.
    """

    client: str
    worked: bool = False
    slow: bool = False
    shells: int = 1


def both(client: str, **more: Any) -> dict[str, Seen]:
    """Before execution nothing was done; after it only the answer suffers."""
    return {"before": Seen(client, **more), "after": Seen(client, worked=True, **more)}


UNHARMED = Seen("200", worked=True)
EXPECTED: dict[str, dict[str, Seen]] = {
    "refuse": {"connect": Seen("refused")},
    "tls_failure": {"connect": Seen("TLS alert: handshake failure")},
    "reset": {"connect": Seen("lost"), "unread": Seen("lost"), **both("lost")},
    "stall": {phase: Seen("200", worked=True, slow=True) for phase in ("connect", "before", "after")},
    "latency": {"before": Seen("200", worked=True, slow=True)},
    "drip": {"after": Seen("200", worked=True, slow=True)},
    "truncated": {"after": Seen("half", worked=True)},
    "duplicated": {"after": Seen("200 twice", worked=True)},
    "unauthorized": both("401"),
    "http_400": both("400"),
    "http_500": both("500"),
    "http_503": both("503"),
    "wsman_500": both("500 2150858752"),
    "timed_out": both("500 2150858793"),
    "quota_shells": {"before": Seen("500 2150859173")},
    "quota_operations": {"before": Seen("500 2150859174")},
    "quota_users": {"before": Seen("500 2150859179")},
    "shell_killed": {"before": Seen("500 2150858843", shells=0), "after": Seen("200", worked=True, shells=0)},
    "service_restart": both("lost", shells=0),
    "host_reboot": both("lost", shells=0),
}
CASES = [(kind, phase) for kind, phases in KINDS.items() for phase in phases]


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def lab(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Lab]:
    lab = start_lab(loop_thread, tmp_path)
    yield lab
    lab.close()


def observe(lab: Lab, *faults: Fault) -> Seen:
    """Open a pool, put the faults into force, send one Command, and look what became of it."""
    wire, pool = Plain(lab.address, lab.http_port), PoolClient()
    found = re.search(f'ShellId">({GUID})<', wire.create_pool(pool).text)
    assert found is not None
    pool.shell = found[1]
    if any(fault.at == "connect" for fault in faults):
        wire.close()
    lab.server.faults.add(*faults)
    lab.thread.run(asyncio.sleep(0.01))
    began = time.monotonic()
    secure = any(fault.kind == "tls_failure" for fault in faults)
    client = handshake(lab) if secure else command(wire, pool)
    slow = time.monotonic() - began >= SECONDS * 0.9
    wire.close()
    lab.server.faults.clear()
    lab.thread.run(asyncio.sleep(0.01))
    shells = lab.server.open_shells(lab.machine.name)
    return Seen(client, worked=len(lab.machine.seen) == 1, slow=slow, shells=shells)


def handshake(lab: Lab) -> str:
    context = ssl.create_default_context(cafile=str(lab.authority.path))
    context.check_hostname = False
    try:
        with socket.create_connection((lab.address, lab.https_port), 5) as plain, context.wrap_socket(plain):
            return "TLS"
    except ssl.SSLError as error:
        return "TLS alert: handshake failure" if "HANDSHAKE_FAILURE" in str(error.reason) else "no TLS"


class Plain(Wire):
    """A connection whose every byte is looked at, also those behind an answer."""

    _socket: socket.socket | None = None

    def post(self, body: str | bytes, **headers: str) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection((self.address, self.port), 20)
        data = body.encode() if isinstance(body, str) else body
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        lines = f"Host: {self.address}\r\nAuthorization: Basic {basic}\r\nContent-Length: {len(data)}"
        self._socket.sendall(f"POST /wsman HTTP/1.1\r\n{lines}\r\n\r\n".encode() + data)
        received = self._whole(self._socket)
        if not received:
            raise ConnectionResetError
        head, _, text = received.partition(b"\r\n\r\n")
        return Answer(int(head.split()[1]), [], text.decode())

    @staticmethod
    def _whole(connection: socket.socket) -> bytes:
        """An answer and what follows it at once; as much as came where the connection ends."""
        received = b""
        while not (found := re.search(rb"Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n", received)):
            piece = connection.recv(65536)
            if not piece:
                return received
            received += piece
        while len(received) < found.end() + int(found[1]):
            piece = connection.recv(65536)
            if not piece:
                raise HalfError
            received += piece
        connection.settimeout(0.05)
        with suppress(TimeoutError, ConnectionError):
            received += connection.recv(65536)
        connection.settimeout(20)
        return received

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class HalfError(Exception):
    """The connection ended within an answer."""


def command(wire: Wire, pool: PoolClient) -> str:
    try:
        answer = wire.pipeline(pool, str(uuid4()).upper(), command_xml("Write-Output", "x"))
    except ConnectionRefusedError:
        return "refused"
    except ConnectionError:
        return "lost"
    except HalfError:
        return "half"
    code = re.search(r'WSManFault [^>]*Code="(\d+)"|error_Code [^>]*>(\d+)<|<p:error_Code>(\d+)<', answer.text)
    shown = f"{answer.status} {next(filter(None, code.groups()))}" if code else str(answer.status)
    return f"{shown} twice" if "HTTP/1.1 200" in answer.text else shown


def test_every_kind_and_phase_of_the_register_has_its_row() -> None:
    told = {(kind, phase) for kind, phases in EXPECTED.items() for phase in phases}
    assert told | {(kind, phase) for kind in WORLD for phase in ("before", "after")} == set(CASES)
    assert set(EXPECTED) | set(WORLD) == set(KINDS)
    assert set(WORLD) < WORLD_KINDS


def test_without_a_fault_nothing_is_harmed(lab: Lab) -> None:
    assert observe(lab) == UNHARMED


@pytest.mark.parametrize(("kind", "phase"), [(k, p) for k, phases in EXPECTED.items() for p in phases])
def test_each_kind_at_each_phase_is_seen_from_outside(
    lab: Lab, kind: str, phase: str, caplog: pytest.LogCaptureFixture
) -> None:
    action = "Command" if phase in {"before", "after"} else None
    seconds = 0.0 if kind in {"refuse", "host_reboot"} else SECONDS
    seen = observe(lab, Fault(kind, phase, action=action, seconds=seconds))
    assert seen == EXPECTED[kind][phase]
    assert seen != UNHARMED
    assert observe_again(lab) == "200"
    assert not [one for one in caplog.records if one.levelname == "ERROR"], "a fault is no defect of the lab"


def observe_again(lab: Lab) -> str:
    """The machine serves the next client as if nothing had been."""
    assert not refused((lab.address, lab.http_port), patience=5)
    wire = Wire(lab.address, lab.http_port)
    status = str(wire.create_pool(PoolClient()).status)
    wire.close()
    return status


# -- faults of the world ----------------------------------------------------------------------------------------------


def cluster(tmp_path: Path) -> LabThread:
    nodes = [node("N1", guests=[guest("web"), guest("off", state="off")]), node("N2")]
    document = {"version": 1, "real_time": False, "clusters": [{"name": "C", "nodes": nodes}]}
    listen = {"allow_unencrypted": True}
    for one in nodes:
        one["listen"] = listen
    document["host_account"] = {"username": "vagrant", "password": "Passw0rd!é"}
    return LabThread(read_topology(document, "world.yaml"), directory=tmp_path / "lab")


def world_state(lab: LabThread) -> dict[str, Any]:
    def look(running: Any) -> dict[str, Any]:
        world = running.world
        booted = {host.name: host.windows.booted.isoformat() for host in world.hosts}
        homes = {vm.name: vm.host.name for vm in world.vms}
        return {"now": world.clock.now().isoformat(), "homes": homes, "booted": booted}

    return lab.do(look)


def asked(
    lab: LabThread, fault: Fault | None, meanwhile: Callable[[], bool] = lambda: True
) -> tuple[str, list[str], dict[str, Any], dict[str, Any]]:
    """One Command to N1 with a fault: what the client got, what changed in the world, before and after."""
    place = next(e for e in lab.document["endpoints"] if e["computer_name"] == "N1" and e["scheme"] == "http")
    wire, pool = Plain(place["address"], place["port"]), PoolClient()
    found = re.search(f'ShellId">({GUID})<', wire.create_pool(pool).text)
    assert found is not None
    pool.shell = found[1]
    before = world_state(lab)
    if fault is not None:
        lab.lab.faults.add(fault)
    client = command(wire, pool)
    wire.close()
    assert meanwhile()
    assert not refused((place["address"], place["port"]), patience=5)
    after = world_state(lab)
    return client, [name for name in before if before[name] != after[name]], before, after


WORLD = {"vm_moved": ["homes"], "clock_jump": ["now"]}


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("kind", WORLD)
def test_the_world_changes_under_a_request_that_goes_on(tmp_path: Path, kind: str, phase: str) -> None:
    with cluster(tmp_path) as lab:
        client, changed, before, after = asked(lab, Fault(kind, phase, "N1", "Command", seconds=3600))
    assert client == "200"
    assert changed == WORLD[kind]
    if kind == "vm_moved":
        assert after["homes"] == {"web": "N2", "off": "N1"}, "only what runs is moved"
    else:
        assert before["now"] < after["now"]


def test_without_a_fault_the_world_stays_as_it_is(tmp_path: Path) -> None:
    with cluster(tmp_path) as lab:
        client, changed, _, _ = asked(lab, None)
    assert (client, changed) == ("200", [])


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_host_that_reboots_takes_its_guests_along(tmp_path: Path, phase: str) -> None:
    with cluster(tmp_path) as lab:
        web = next(e for e in lab.document["endpoints"] if e["name"] == "web")
        place = (web["address"], web["port"])
        socket.create_connection(place, 5).close()
        fault = Fault("host_reboot", phase, "N1", "Command", seconds=SECONDS)
        client, changed, _, _ = asked(lab, fault, meanwhile=lambda: refused(place))
        assert not refused(place, patience=5)
    assert client == "lost"
    assert changed == ["booted"]


def refused(place: tuple[str, int], patience: float = 0) -> bool:
    """Whether nobody listens there, also after some seconds of patience."""
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(place, 5).close()
        except ConnectionRefusedError:
            if time.monotonic() >= deadline:
                return True
            time.sleep(0.02)
        else:
            return False
