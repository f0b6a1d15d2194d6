"""A simulated machine behind a real listener, for the tests of the remoting room."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from harness.core.model import Auth, Connection, Waiver
from harness.remoting import Credential
from harness.sim.faults import Fault
from harness.sim.machine import Account, Call, Invocation, Program, ProgramResult, Session, Streams, TerminatingError
from harness.sim.objects import Enum, ErrorRecord, Int64, Obj, Secure
from harness.sim.server import CertificateAuthority, LabServer, Listener, ServerCertificate

T = TypeVar("T")


class Clock:
    """Real seconds, plus those that a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


USER, PASSWORD = "labadmin", "S3cret-für-Hölle!"
ADDRESS = "127.0.9.7"
SERVER_WAIT = 30.0


class LoopThread:
    """An event loop beside the test's blocking client."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="lab loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SERVER_WAIT)

    def stop(self) -> None:
        self.run(self._cancel_rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SERVER_WAIT)
        self.loop.close()

    async def _cancel_rest(self) -> None:
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


@dataclass
class Double:
    """A machine with a handful of commands, each for one thing that a session has to carry."""

    name: str = "HV01"
    protocol_version: str = "2.3"
    os_version: str = "10.0.20348"
    accounts: tuple[Account, ...] = (
        Account(USER, "HV01", PASSWORD),
        Account("guest", "HV01", "x", administrator=False),
    )
    configurations: tuple[str, ...] = ("Microsoft.PowerShell", "AvmaRole")
    invocations: list[Invocation] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    stopped: int = 0

    def account(self, user: str, domain: str | None) -> Account | None:
        del domain
        return next((a for a in self.accounts if a.name.casefold() == user.casefold()), None)

    def session_configuration(self, name: str) -> bool:
        return name in self.configurations

    def admits(self, account: Account, configuration: str) -> bool:
        del configuration
        return account.administrator or account.remote

    async def invoke(self, session: Session, invocation: Invocation, streams: Streams) -> None:
        self.invocations.append(invocation)
        self.sessions.append(session)
        for statement in invocation.statements:
            await self._call(statement[0], streams)

    async def run(self, session: Session, program: Program) -> ProgramResult:
        self.programs.append(program)
        self.sessions.append(session)
        line = " ".join((program.command, *program.arguments))
        if "sleep" in line:
            await self._sleep(30.0)
        if "fail" in line:
            return ProgramResult(-1073418219, b"", "Fehler: Schlüssel ungültig\r\n".encode())
        if "oem" in line:
            return ProgramResult(0, "Schlüssel".encode("cp437"))
        return ProgramResult(0, f"{line}\r\n".encode())

    async def _call(self, call: Call, streams: Streams) -> None:
        values = [parameter.value for parameter in call.parameters]
        match call.name:
            case "Write-Output":
                for value in values:
                    streams.output(value.plain if isinstance(value, Secure) else value)
            case "Write-Error":
                streams.error(failure(str(values[0])))
            case "Throw":
                raise TerminatingError(failure(str(values[0])))
            case "Write-Warning":
                streams.warning(str(values[0]))
                streams.verbose("verbose")
                streams.information("information")
            case "Get-Thing":
                streams.output(THING)
            case "Get-Big":
                streams.output("x" * int(str(values[0])))
            case "Show-Credential":
                credential = values[0]
                assert isinstance(credential, Obj)
                password = credential.get("Password")
                assert isinstance(password, Secure)
                streams.output(f"{credential.get('UserName')}/{password.plain}")
            case "Start-Sleep":
                await self._sleep(float(str(values[0])))
                streams.output("woke")
            case _:
                raise TerminatingError(failure(f"{call.name} is not recognized", "CommandNotFoundException"))

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.stopped += 1
            raise


THING = Obj(
    ("Microsoft.HyperV.PowerShell.VirtualMachine", "System.Object"),
    {"Name": "web01", "Memory": Int64(2**40)},
    {"State": Enum("Microsoft.HyperV.PowerShell.VMState", "Running", 2), "Tags": ["a", 1], "Table": {"k": True}},
    text="VirtualMachine (web01)",
)


def failure(message: str, fq_id: str = "Boom,Demo.BoomCommand") -> ErrorRecord:
    return ErrorRecord(
        message,
        fq_id,
        category=13,
        exception_types=("Microsoft.Management.Infrastructure.CimException", "System.Exception"),
        hresult=-1073422310 & 0xFFFFFFFF,
        target="thing",
    )


@dataclass
class Lab:
    """The served machine and how to reach it."""

    thread: LoopThread
    server: LabServer
    machine: Double
    authority: CertificateAuthority
    certificate: ServerCertificate
    clock: Clock
    https_port: int = 0
    http_port: int = 0

    @property
    def requests(self) -> dict[str, int]:
        return dict(self.server.counters[self.machine.name].requests)

    @property
    def connections(self) -> int:
        return self.server.counters[self.machine.name].connections

    def on_loop(self, act: Any) -> Any:
        """Run a plain function on the server's own thread."""

        async def work() -> Any:
            return act()

        return self.thread.run(work())

    def strike(self, *faults: Fault) -> None:
        self.on_loop(lambda: self.server.faults.add(*faults))

    def hang_up(self) -> None:
        """Close every connection as http.sys closes idle ones; shells stay."""
        self.on_loop(lambda: self.server.drop_connections(self.machine.name))
        self.on_loop(lambda: None)  # one turn of the loop later the sockets are closed

    def close(self) -> None:
        """Stop serving, after the loop has met the connections that have just been made."""
        self.hang_up()
        self.thread.run(self.server.close())
        self.on_loop(lambda: None)

    def reset(self) -> None:
        self.on_loop(self.server.faults.clear)
        self.on_loop(lambda: self.server.kill_shells(self.machine.name))
        self.on_loop(self.server.reset_counters)
        self.clock.ahead = 0.0
        self.machine.invocations.clear()
        self.machine.sessions.clear()
        self.machine.programs.clear()
        self.machine.stopped = 0

    def connection(self, scheme: str = "https", auth: Auth = Auth.BASIC, **more: Any) -> Connection:
        port = self.https_port if scheme == "https" else self.http_port
        plain = Connection(ADDRESS, port, scheme, auth, "lab", ca=str(self.authority.path), connect_seconds=5.0)
        return replace(plain, **more)


CREDENTIAL = Credential(USER, SecretStr(PASSWORD))
WRONG = Credential(USER, SecretStr("not-the-password"))
WAIVER = Waiver("test", date(2099, 1, 1))


def start_lab(
    thread: LoopThread,
    directory: Path,
    *,
    flavour: str = "good",
    machine: Double | None = None,
    names: tuple[str, ...] = (),
    **listener: Any,
) -> Lab:
    directory.mkdir(parents=True, exist_ok=True)
    machine = machine or Double()
    authority = CertificateAuthority(directory)
    certificate = authority.issue([machine.name.lower(), *names], [ADDRESS], flavour)
    clock = Clock()
    server = LabServer(clock=clock)
    thread.run(server.start([Listener(machine, ADDRESS, 0, 0, certificate, **listener)]))
    http_port, https_port = server.ports(machine.name)
    assert http_port is not None
    assert https_port is not None
    return Lab(thread, server, machine, authority, certificate, clock, https_port, http_port)
