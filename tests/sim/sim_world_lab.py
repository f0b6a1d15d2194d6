"""A world without a network: computers made of a topology's text, asked in memory."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from harness.sim._activity import Activity
from harness.sim._addresses import AddressBlock
from harness.sim._build import Blueprint, build
from harness.sim.computer import Computer
from harness.sim.machine import Account, Call, Invocation, Parameter, Program, ProgramResult, Session, Streams
from harness.sim.objects import ErrorRecord, ProgressRecord
from harness.sim.topology import Topology, parse_topology
from harness.sim.variants import Variants
from harness.sim.world import Host, VirtualMachine

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Kept:
    """Streams that remember."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.errors: list[ErrorRecord] = []
        self.texts: list[tuple[str, object]] = []

    def output(self, value: object) -> None:
        self.values.append(value)

    def error(self, record: ErrorRecord) -> None:
        self.errors.append(record)

    def warning(self, text: str) -> None:
        self.texts.append(("warning", text))

    def verbose(self, text: str) -> None:
        self.texts.append(("verbose", text))

    def debug(self, text: str) -> None:
        self.texts.append(("debug", text))

    def information(self, value: object) -> None:
        self.texts.append(("information", value))

    def progress(self, record: ProgressRecord) -> None:
        self.texts.append(("progress", record))

    async def host(self, method: str, *arguments: object) -> object:
        raise AssertionError(f"nobody asked for the host: {method} {arguments}")

    @property
    def ids(self) -> list[str]:
        return [record.fq_id for record in self.errors]


class Addresses:
    """Addresses that nobody listens on."""

    def __init__(self) -> None:
        self._next = iter(range(10, 100_000))

    def take(self) -> str:
        number = next(self._next)
        return f"127.9.{number // 250}.{number % 250 + 1}"


def command(name: str, *positional: object, **named: object) -> Call:
    """One command as a client would send it."""
    values = [Parameter(None, value) for value in positional]
    return Call(name, (*values, *(Parameter(key, value) for key, value in named.items())))


def script(text: str, **named: object) -> Call:
    return Call(text, tuple(Parameter(key, value) for key, value in named.items()), is_script=True)


class InMemoryLab:
    """The world of a topology with its computers, without server and sockets."""

    def __init__(self, topology: Topology, variants: Mapping[str, str] | None = None, *, seed: int = 1) -> None:
        self.variants = Variants({**topology.variants, **(variants or {})})
        addresses: Any = Addresses()
        assert AddressBlock.take
        self.blueprint: Blueprint = build(
            topology, addresses, seed=seed, variants=self.variants, start=START, elapsed=lambda: 0.0
        )
        self.world = self.blueprint.world
        self.activity: dict[str, Activity] = {}
        self.random = Random(seed)

    @classmethod
    def of(cls, text: str, variants: Mapping[str, str] | None = None) -> "InMemoryLab":
        return cls(parse_topology(text, "test.yaml"), variants)

    def host(self, name: str) -> Host:
        return self.world.host(name)

    def vm(self, name: str) -> VirtualMachine:
        return self.world.vm(name)

    def advance(self, **delta: float) -> None:
        self.world.advance(timedelta(**delta))

    def computer(self, name: str) -> Computer:
        """The computer of a host or, by the VM's name, of a guest."""
        activity = self.activity.setdefault(name, Activity())
        for host in self.world.hosts:
            if host.name == name:
                return Computer(self.world, host.windows, activity, host=host, run_in_guest=self._run_in_guest)
        vm = self.vm(name)
        assert vm.windows is not None
        return Computer(self.world, vm.windows, activity, vm=vm)

    async def _run_in_guest(
        self, vm: VirtualMachine, account: Account, invocation: Invocation, streams: Streams
    ) -> None:
        await self.computer(vm.name).run_direct(account, invocation, streams)

    def session(self, name: str, *, administrator: bool = True) -> Session:
        windows = self.computer(name).windows
        account = windows.accounts[0]
        if not administrator:
            account = Account("reader", account.domain, "reader", administrator=False)
        return Session(account, "11111111-2222-3333-4444-555555555555")

    def ask(self, name: str, *chain: Call, administrator: bool = True, given: Sequence[object] = ()) -> Kept:
        """Run one statement; a terminating error is raised as it is."""
        return self.ask_all(name, [chain], administrator=administrator, given=given)

    def ask_all(
        self,
        name: str,
        statements: Sequence[Sequence[Call]],
        *,
        administrator: bool = True,
        given: Sequence[object] = (),
    ) -> Kept:
        kept = Kept()
        invocation = Invocation(tuple(tuple(chain) for chain in statements), given)
        session = self.session(name, administrator=administrator)
        asyncio.run(self.computer(name).invoke(session, invocation, kept))
        return kept

    def json(self, name: str, *chain: Call, depth: int = 4) -> Any:
        """What a statement puts out, through ConvertTo-Json; None for nothing."""
        kept = self.ask(name, *chain, command("ConvertTo-Json", Compress=True, Depth=depth))
        assert not kept.errors, kept.errors
        return json.loads(str(kept.values[0])) if kept.values else None

    def run(
        self, name: str, line: str, *arguments: str, code_page: int = 65001, administrator: bool = True, **more: Any
    ) -> ProgramResult:
        """Run a command line in the command shell."""
        session = self.session(name, administrator=administrator)
        program = Program(line, arguments, code_page=code_page, **more)
        return asyncio.run(self.computer(name).run(session, program))

    def slmgr(self, name: str, *arguments: str, administrator: bool = True) -> tuple[int, str]:
        """Exit code and text of slmgr.vbs."""
        words = ("//nologo", r"%windir%\System32\slmgr.vbs", *arguments)
        result = self.run(name, "cscript", *words, administrator=administrator)
        return result.exit_code, (result.stdout + result.stderr).decode()
