"""How much one process serves, as counts that hold on any machine; the rest is in tests/benchmarks."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sim_protocol_lab import Lab, LoopThread, start_lab
from sim_wire import POWERSHELL, PoolClient, Wire, command_xml

from harness.sim._echo import EchoMachine
from harness.sim.machine import Account
from harness.sim.psrp import FragmentReader, FragmentWriter, MessageType, from_clixml, pack_message, to_clixml
from harness.sim.server import CertificateAuthority, LabServer, Limits, Listener

HOSTS = 1000
POLLS = 400


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def lab(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Lab]:
    limits = Limits(max_shells_per_user=POLLS + 1, max_connections=2 * POLLS)
    lab = start_lab(loop_thread, tmp_path, limits=limits)
    yield lab
    lab.close()


def test_a_thousand_hosts_with_two_ports_each_start_within_seconds_of_cpu(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)

    def listener(number: int) -> Listener:
        name, address = f"HV{number:04d}", f"127.1.{number // 250}.{number % 250 + 1}"
        machine = EchoMachine(name=name, accounts=(Account("admin", name, "x"),))
        return Listener(machine, address, 0, 0, authority.issue([name], [address]))

    async def serve() -> tuple[float, int]:
        server = LabServer()
        began = time.process_time()
        await server.start(listener(number) for number in range(HOSTS))
        spent = time.process_time() - began
        ports = {server.ports(name) for name in server.machines}
        await server.close()
        return spent, len(ports)

    spent, distinct = asyncio.run(serve())
    assert spent < 5
    assert distinct > 1


def test_four_hundred_long_polls_wait_at_once_and_all_end(lab: Lab) -> None:
    async def talk(raw: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(lab.address, lab.http_port)
        writer.write(raw)
        return reader, writer

    async def finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None
        body = await reader.readexactly(int(length[1]))
        writer.close()
        await writer.wait_closed()
        return body

    async def poll_all(requests: list[bytes]) -> list[bytes]:
        waiting = [await talk(raw) for raw in requests]
        while lab.server.waiting(lab.machine.name) < POLLS:
            await asyncio.sleep(0.01)
        lab.thread.loop.call_soon_threadsafe(lab.machine.released.set)
        return await asyncio.gather(*(finish(*pair) for pair in waiting))

    wire = Wire(lab.address, lab.http_port)
    requests = [_waiting_receive(wire) for _ in range(POLLS)]
    bodies = asyncio.run(asyncio.wait_for(poll_all(requests), 60))
    wire.close()
    assert sum(b"CommandState/Done" in body for body in bodies) == POLLS


def _waiting_receive(wire: Wire) -> bytes:
    """Open a pool, start a pipeline that waits, and give the raw Receive for it."""
    pool = PoolClient()
    assert wire.create_pool(pool).status == 200
    pool.shell = pool.shown
    command_id = str(uuid4()).upper()
    assert wire.pipeline(pool, command_id, command_xml("Wait")).status == 200
    return wire.raw_receive(pool.shell, POWERSHELL, command_id)


def test_a_text_of_two_hundred_kilobytes_is_written_cut_joined_and_read_in_milliseconds() -> None:
    text = "slmgr /dlv prints this line again and again: \u00fc <&>\r\n" * 4000
    began = time.thread_time()
    for _ in range(10):
        packed = pack_message(MessageType.PIPELINE_INPUT, UUID(int=1), UUID(int=2), to_clixml(text))
        reader = FragmentReader()
        messages = [message for piece in FragmentWriter().cut(packed) for message in reader.feed(piece)]
        assert [from_clixml(message.data) for message in messages] == [text]
    assert (time.thread_time() - began) / 10 < 0.1
