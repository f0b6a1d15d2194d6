"""A computer of the world as the server sees it: users, pipelines, programs (harness.sim.machine.Machine)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from harness.sim._activity import Activity
from harness.sim._powershell_program import run_powershell
from harness.sim.cmdlets import ALIASES, SHAPING, Command, CommandTable, GuestRunner, Scope, available_commands
from harness.sim.jea import Endpoint, JeaTable
from harness.sim.machine import Account, Call, Invocation, Program, ProgramResult, Session, Streams
from harness.sim.objects import ErrorRecord, ProgressRecord, Version
from harness.sim.script import run_script
from harness.sim.shell import CHANGING_VERBS, CommandShell, ProgramOutput, code_page_name, run_cscript, slmgr_verb
from harness.sim.world import Host, Installation, VirtualMachine, World

__all__ = ["Computer"]

_CONFIGURATIONS = frozenset({"microsoft.powershell", "microsoft.powershell32", "microsoft.powershell.workflow"})
_EVALUATES = frozenset({"invoke-expression", "iex"})
_SESSIONS_KEPT = 256


class Computer:
    """One Windows of the world, host or guest.

    Args:
        world: where it stands.
        windows: its installation.
        activity: where its commands are counted.
        host: set on a Hyper-V host.
        vm: set on a guest.
        run_in_guest: how a host reaches into its guests by PowerShell Direct.
    """

    def __init__(
        self,
        world: World,
        windows: Installation,
        activity: Activity,
        *,
        host: Host | None = None,
        vm: VirtualMachine | None = None,
        run_in_guest: GuestRunner | None = None,
    ) -> None:
        self.activity = activity
        self._run_in_guest = run_in_guest
        self.rebind(world, windows, host, vm)

    def rebind(self, world: World, windows: Installation, host: Host | None, vm: VirtualMachine | None) -> None:
        """Stand for the same computer of a world that was made anew."""
        self.world, self.windows, self._host, self._vm = world, windows, host, vm
        self.name = windows.computer_name
        self.protocol_version = windows.os.powershell_protocol
        self.os_version = windows.os.version
        self._variables: dict[str, dict[str, object]] = {}
        self._commands: tuple[object, dict[str, Command[Scope]]] | None = None
        self._endpoints = {one.name.casefold(): Endpoint(one) for one in windows.session_configurations}

    def account(self, user: str, domain: str | None) -> Account | None:
        """The account of that name, or None."""
        return self.windows.account(user, domain)

    def session_configuration(self, name: str) -> bool:
        """Whether a session configuration of that name is registered."""
        return name.casefold() in _CONFIGURATIONS or name.casefold() in self._endpoints

    def admits(self, account: Account, configuration: str) -> bool:
        """Whether an account may open that session configuration."""
        endpoint = self._endpoints.get(configuration.casefold())
        return endpoint.admits(account) if endpoint else account.administrator or account.remote

    async def invoke(self, session: Session, invocation: Invocation, streams: Streams) -> None:
        """Run the statements in order; a terminating error ends them all."""
        self.world.settle()
        table = self._table(session, streams)
        for statement in invocation.statements:
            await asyncio.sleep(0)
            if isinstance(table, JeaTable):
                self.activity.commands["(script)"] += sum(call.is_script for call in statement)
                table.admit(statement)
            objects = list(invocation.input) if invocation.input else None
            for place, call in enumerate(statement):
                objects = await self._call(call, objects, table, last=place == len(statement) - 1)
            for value in objects or ():
                streams.output(value)

    async def _call(
        self, call: Call, objects: list[object] | None, table: CommandTable[Scope], *, last: bool
    ) -> list[object]:
        call = _evaluated(call)
        if not call.is_script:
            return await table.run(call.name, call.parameters, objects)
        self.activity.commands["(script)"] += 1
        kept = _Kept(table.streams)
        target = table.streams if last else kept
        await run_script(
            call.name,
            call.parameters,
            objects,
            table,
            target,
            variables=table.variables,
            automatic=self._automatic_variables(table.scope.session),
        )
        return kept.values

    def _automatic_variables(self, session: Session) -> dict[str, object]:
        """What every script finds set: the engine's version, the computer's and the user's name."""
        build = self.windows.os.build
        in_the_box = {7601: "2.0", 9200: "3.0", 9600: "4.0"}
        version = Version(in_the_box.get(build, f"5.1.{build}.1"))
        return {
            "PSVersionTable": {"PSVersion": version, "PSEdition": "Desktop"},
            "env:COMPUTERNAME": self.name.upper(),
            "env:USERNAME": session.account.name,
        }

    def _table(self, session: Session, streams: Streams) -> CommandTable[Scope]:
        endpoint = self._endpoints.get(session.configuration.casefold())
        identity = endpoint.identity(session) if endpoint else session
        scope = Scope(self.world, self.windows, identity, self._host, self._vm, self._run_in_guest)
        modules = scope.modules
        known = (*sorted(modules), *(self.world.variants[name] for name in SHAPING))
        if self._commands is None or self._commands[0] != known:
            self._commands = (known, available_commands(modules, self.world.variants))
        if endpoint is not None:
            confined = endpoint.table(self._commands[1], scope, streams)
            confined.observe, confined.variables = self.activity.cmdlet, self._session_variables(session)
            return confined
        table = CommandTable(self._commands[1], ALIASES, scope, streams, observe=self.activity.cmdlet)
        table.variables = self._session_variables(session)
        table.external = _Programs(self, session, table.variables)
        return table

    def _session_variables(self, session: Session) -> dict[str, object]:
        variables = self._variables.setdefault(session.shell_id, {})
        while len(self._variables) > _SESSIONS_KEPT:
            del self._variables[next(iter(self._variables))]
        return variables

    async def run(self, session: Session, program: Program) -> ProgramResult:
        """Run a program in the command shell."""
        self.world.settle()

        async def powershell(line: str) -> ProgramOutput:
            return await run_powershell(line, lambda streams: self._table(session, streams))

        shell = CommandShell(
            self.world,
            self.windows,
            session.account.name,
            session.account.administrator,
            powershell,
            self.activity.program,
        )
        return await shell.run(program)

    async def run_direct(self, account: Account, invocation: Invocation, streams: Streams) -> None:
        """Run an invocation that came through PowerShell Direct."""
        shell_id = str(uuid5(NAMESPACE_URL, f"direct/{self.name}/{account.name}"))
        await self.invoke(Session(account, shell_id), invocation, streams)


def _evaluated(call: Call) -> Call:
    """Invoke-Expression as a typed command is the script that its one parameter holds; other calls are themselves."""
    if call.is_script or call.name.casefold() not in _EVALUATES or len(call.parameters) != 1:
        return call
    (given,) = call.parameters
    return replace(call, name=str(given.value), parameters=(), is_script=True)


class _Kept:
    """Streams that keep the output of a script in the middle of a pipeline and pass on the rest."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.values: list[object] = []

    def output(self, value: object) -> None:
        self.values.append(value)

    def error(self, record: ErrorRecord) -> None:
        self._streams.error(record)

    def warning(self, text: str) -> None:
        self._streams.warning(text)

    def verbose(self, text: str) -> None:
        self._streams.verbose(text)

    def debug(self, text: str) -> None:
        self._streams.debug(text)

    def information(self, value: object) -> None:
        self._streams.information(value)

    def progress(self, record: ProgressRecord) -> None:
        self._streams.progress(record)

    async def host(self, method: str, *arguments: object) -> object:
        return await self._streams.host(method, *arguments)


class _Programs:
    """Native programs inside a pipeline: their lines as strings, stderr as error records, the code in $LASTEXITCODE."""

    def __init__(self, computer: Computer, session: Session, variables: dict[str, object]) -> None:
        self._computer = computer
        self._session = session
        self._variables = variables

    async def __call__(self, name: str, words: list[str], streams: Streams) -> list[object] | None:
        bare = name.replace("/", "\\").rpartition("\\")[2].casefold().removesuffix(".exe")
        output = self._output(bare, words)
        if output is None:
            return None
        self._variables["lastexitcode"] = output.exit_code
        for line in output.stderr.splitlines():
            streams.error(
                ErrorRecord(
                    line,
                    "NativeCommandError",
                    exception_types=("System.Management.Automation.RemoteException", "System.Exception"),
                    target=line,
                    category_reason="RemoteException",
                    category_activity=name,
                )
            )
        codec = code_page_name(self._computer.windows.language.oem_code_page)
        return list(output.stdout.encode(codec, errors="replace").decode(codec).splitlines())

    def _output(self, name: str, words: Sequence[str]) -> ProgramOutput | None:
        computer, account = self._computer, self._session.account
        simple = {"hostname": computer.name, "whoami": f"{computer.name}\\{account.name}".casefold()}
        if name in simple:
            computer.activity.program(f"{name}.exe", changes=False)
            return ProgramOutput(0, f"{simple[name]}\r\n")
        if name != "cscript":
            return None
        verb = slmgr_verb(words)
        computer.activity.program(
            f"slmgr {verb}" if verb else "cscript.exe", changes=verb.lstrip("/") in CHANGING_VERBS
        )
        home = rf"C:\Users\{account.name}\Documents"
        return run_cscript(computer.world, computer.windows, words, elevated=account.administrator, folder=lambda: home)
