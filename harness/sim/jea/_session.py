"""A session on a restricted endpoint: what it finds, what it refuses, and who it runs as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.sim.cmdlets import ALIASES, Command, CommandTable, Scope, command_not_found, record
from harness.sim.jea._role import ParameterRule, parse_role
from harness.sim.jea._rules import check_arguments
from harness.sim.jea._stubs import STUB_ALIASES
from harness.sim.jea._visible import Rules, visible_commands
from harness.sim.machine import Account, Call, Parameter, Session, Streams, TerminatingError
from harness.sim.world import SessionConfiguration

__all__ = ["Endpoint", "JeaTable"]

_PARSER_ERROR = 17
_NO_SCRIPT = "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode."
_NO_DOT = (
    "The UseLocalScope property of a command cannot be false in a runspace whose language mode is RestrictedLanguage "
    "or NoLanguage."
)


@dataclass(slots=True, eq=False)
class JeaTable(CommandTable[Scope]):
    """The commands of a session in NoLanguage mode: no programs, no script, the role's rules at the binder."""

    rules: Mapping[str, Mapping[str, ParameterRule]] = field(default_factory=dict)

    def find(self, name: str) -> Command[Scope] | None:
        """The visible command of that name; one with its module's name is never a proxy function."""
        wanted = name.casefold()
        direct = self.commands.get(self.aliases.get(wanted, wanted).casefold())
        if direct is not None:
            return direct
        module, _, bare = wanted.rpartition("\\")
        command = self.commands.get(bare)
        return command if command is not None and module and command.module.casefold() == module else None

    def bind(self, command: Command[Scope], parameters: Sequence[Parameter]) -> Mapping[str, object]:
        """See CommandTable; a proxy function also checks its rules."""
        arguments = CommandTable.bind(self, command, parameters)
        if command.kind == "Function":
            check_arguments(command, self.rules.get(command.name.casefold(), {}), arguments)
        return arguments

    def admit(self, statement: Sequence[Call]) -> None:
        """Refuse a statement before anything of it runs (engine/hostifaces/Command.cs, CreateCommandProcessor).

        Raises:
            TerminatingError: ScriptsNotAllowed for script text; CommandNotFoundException for what is not visible.
        """
        for call in statement:
            if call.is_script:
                reason = "ParseException"
                raise TerminatingError(record(_NO_SCRIPT, "ScriptsNotAllowed", _PARSER_ERROR, reason=reason))
            if call.local_scope is False:
                raise TerminatingError(record(_NO_DOT, "RuntimeException", reason="RuntimeException"))
            if self.find(call.name) is None:
                raise command_not_found(call.name)


class Endpoint:
    """One registered session configuration of one computer.

    Args:
        configuration: what was registered.
    """

    def __init__(self, configuration: SessionConfiguration) -> None:
        self._configuration = configuration
        self._role = parse_role(configuration.role)
        self._numbers: dict[str, int] = {}
        self._shown: tuple[object, dict[str, Command[Scope]], Rules] | None = None

    def admits(self, account: Account) -> bool:
        """Whether the access list has the account; an empty list has every account of the computer."""
        names = {account.name.casefold(), f"{account.domain}\\{account.name}".casefold()}
        users = self._configuration.users
        return not users or any(user.casefold() in names for user in users)

    def identity(self, session: Session) -> Session:
        """The session as it runs: as its user, or as a virtual account, a local administrator made for this session."""
        if not self._configuration.virtual_account:
            return session
        number = self._numbers.setdefault(session.shell_id, len(self._numbers) + 1)
        account = session.account
        name = f"WinRM VA_{number}_{account.domain}_{account.name}"
        return replace(session, account=Account(name, "WinRM Virtual Users", "", administrator=True))

    def table(self, commands: dict[str, Command[Scope]], scope: Scope, streams: Streams) -> JeaTable:
        """What a session sees, out of all the computer's commands."""
        if self._shown is None or self._shown[0] is not commands:
            self._shown = (commands, *visible_commands(self._role, commands))
        _, shown, rules = self._shown
        known = {alias.casefold() for alias in self._role.aliases} & ALIASES.keys()
        aliases = {**STUB_ALIASES, **{alias: ALIASES[alias] for alias in known}}
        return JeaTable(shown, aliases, scope, streams, rules=rules)
