"""Listening: whoever comes while it closes is sent away, and nothing is left for the garbage collector."""

import asyncio
import gc
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.sim._listening import Listening

ADDRESS = "127.0.9.11"


class Greeting(asyncio.Protocol):
    """Says hello; remembers whom it met and whom it lost."""

    def __init__(self, book: list[str]) -> None:
        self.book = book

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        nodelay = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        self.book.append("met" if nodelay else "met, and it waits for acknowledgements")
        transport.write(b"hello")

    def connection_lost(self, exc: Exception | None) -> None:
        self.book.append("lost")


def listen(book: list[str]) -> Listening:
    return Listening(lambda: Greeting(book), socket.create_server((ADDRESS, 0)))


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def ended(client: socket.socket) -> bool:
    """Whether the server has ended this connection, one way or the other."""
    try:
        while client.recv(64):
            pass
    except ConnectionResetError:
        return True
    return True


@pytest.mark.parametrize("after", range(6))
def test_who_comes_while_it_closes_is_sent_away_at_whatever_turn_of_the_loop(after: int) -> None:
    book: list[str] = []

    async def scene() -> None:
        listening = listen(book)
        with socket.create_connection((ADDRESS, listening.port), 5) as client:
            await turns(after)
            listening.close()
            listening.drop()
            await turns(4)
            assert ended(client)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(scene())
    gc.collect()  # what was left open complains here, and pytest makes an error of it
    assert book in ([], ["met", "lost"])


def test_who_is_in_stays_when_it_closes_and_small_answers_do_not_wait() -> None:
    book: list[str] = []

    async def scene() -> None:
        listening = listen(book)
        reader, writer = await asyncio.open_connection(ADDRESS, listening.port)
        assert await reader.readexactly(5) == b"hello"
        assert "open" in repr(listening)
        listening.close()
        listening.close()
        assert "closed" in repr(listening)
        await turns(4)
        assert book == ["met"]
        writer.close()
        await writer.wait_closed()
        await turns(4)

    asyncio.run(scene())
    assert book == ["met", "lost"]


def test_whoever_comes_when_no_descriptor_is_free_waits_until_one_is() -> None:
    book: list[str] = []

    async def scene() -> None:
        listening = listen(book)
        with socket.create_connection((ADDRESS, listening.port), 5) as client:
            with no_descriptor_left():
                await turns(50)
                assert book == []
            client.setblocking(False)
            assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 5), 5) == b"hello"
        listening.close()
        await turns(4)

    asyncio.run(scene())
    assert book[0] == "met"


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
