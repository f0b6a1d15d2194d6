"""A machine without a world: it answers with what it was asked. For the protocol's tests and the capacity benchmark."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from harness.sim.machine import (
    Account,
    Call,
    Invocation,
    Program,
    ProgramNotFound,
    ProgramResult,
    Session,
    Streams,
    TerminatingError,
)
from harness.sim.objects import Enum, ErrorRecord, Obj

__all__ = ["EchoMachine"]


@dataclass(slots=True)
class EchoMachine:
    """Knows one user, a few commands named after the stream they write to, and a few programs.

    ``Write-Output`` puts out each parameter's value, ``Write-Error`` and ``Throw`` an error, ``Get-Thing`` a typed
    object, ``Wait`` waits for as many seconds as its parameter says or until ``released`` is set.
    """

    name: str = "ECHO"
    protocol_version: str = "2.3"
    os_version: str = "10.0.20348"
    accounts: tuple[Account, ...] = (Account("vagrant", "ECHO", "Passw0rd!é"),)
    seen: list[Invocation] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    stopped: int = 0
    answer: object = None
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def account(self, user: str, domain: str | None) -> Account | None:
        """See Machine."""
        for account in self.accounts:
            if account.name.casefold() == user.casefold() and (domain or account.domain).casefold() in (
                account.domain.casefold(),
                "",
            ):
                return account
        return None

    def session_configuration(self, name: str) -> bool:
        """See Machine."""
        return name in ("Microsoft.PowerShell", "Restricted")

    def admits(self, account: Account, configuration: str) -> bool:
        """See Machine: who is neither administrator nor remote user gets into the restricted configuration only."""
        return account.administrator or account.remote or configuration == "Restricted"

    async def invoke(self, session: Session, invocation: Invocation, streams: Streams) -> None:
        """See Machine."""
        self.seen.append(invocation)
        self.sessions.append(session)
        for value in invocation.input:
            streams.output(value)
        for statement in invocation.statements:
            for call in statement:
                await self._call(call, streams)

    async def _call(self, call: Call, streams: Streams) -> None:
        values = [parameter.value for parameter in call.parameters]
        text = str(values[0]) if values else ""
        match call.name:
            case "Write-Output":
                for value in values:
                    streams.output(value)
            case "Write-Error":
                streams.error(_error(text))
            case "Throw":
                raise TerminatingError(_error(text))
            case "Write-Streams":
                streams.warning(text)
                streams.verbose(text)
                streams.debug(text)
                streams.information(text)
            case "Get-Thing" | "Get-SelectedThing" | "Get-Answer":
                streams.output(self.answer if call.name == "Get-Answer" else _thing(raw=call.name == "Get-Thing"))
            case "Say-AndWait":
                streams.output(text)
                await self._wait(None)
            case "Read-Host":
                streams.output(await streams.host("ReadLine"))
            case "Wait":
                await self._wait(float(text) if text else None)
                streams.output("waited")
            case _:
                self._unknown(call.name)

    @staticmethod
    def _unknown(name: str) -> None:
        if name == "Break":
            raise RuntimeError("a defect")
        raise TerminatingError(_not_found(name))

    async def _wait(self, seconds: float | None) -> None:
        try:
            if seconds is None:
                await self.released.wait()
            else:
                await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.stopped += 1
            raise

    async def run(self, session: Session, program: Program) -> ProgramResult:
        """See Machine."""
        self.programs.append(program)
        self.sessions.append(session)
        line = " ".join((program.command, *program.arguments))
        words = line.split()
        match words[0] if words else "":
            case "missing" if program.skip_cmd_shell:
                raise ProgramNotFound
            case "wait":
                await self._wait(None)
                return ProgramResult(0)
            case "cat":
                return ProgramResult(0, await program.read())
            case "fail":
                return ProgramResult(int(words[1]), b"", b"no\r\n")
            case "big":
                return ProgramResult(0, b"x" * int(words[1]))
            case _:
                return ProgramResult(0, f"{line}\r\n".encode())


def _error(text: str) -> ErrorRecord:
    return ErrorRecord(
        text,
        "Echo,Microsoft.PowerShell.Commands.EchoCommand",
        category=13,
        exception_types=(
            "System.Management.Automation.ItemNotFoundException",
            "System.Management.Automation.RuntimeException",
        ),
        hresult=0xC004F00F,
        target="thing",
        category_activity="Write-Error",
    )


def _not_found(name: str) -> ErrorRecord:
    return ErrorRecord(
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program.",
        "CommandNotFoundException",
        category=13,
        exception_types=(
            "System.Management.Automation.CommandNotFoundException",
            "System.Management.Automation.RuntimeException",
            "System.SystemException",
        ),
        target=name,
        category_activity=name,
    )


def _thing(*, raw: bool) -> Obj:
    state = Enum("Microsoft.HyperV.PowerShell.VMState", "Running", 2)
    nested = Obj(("Demo.Disk", "System.Object"), {"Path": "C:\\a.vhdx", "Size": 5}, text="Demo.Disk")
    properties: dict[str, object] = {
        "Name": "web 01",
        "Id": UUID("2a34b1c2-fd73-4043-8a5b-dd2159bc743f"),
        "State": state,
        "Disk": nested,
        "Notes": ["a", nested],
    }
    if raw:
        return Obj(("Demo.Thing", "System.Object"), properties, text="Demo.Thing (web 01)")
    return Obj(
        ("Selected.Demo.Thing", "System.Management.Automation.PSCustomObject", "System.Object"), notes=properties
    )
