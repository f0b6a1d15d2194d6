"""One installed Windows, on a host's metal or in a virtual machine: what both have in common."""

from dataclasses import dataclass, field
from datetime import datetime

from harness.sim.machine import Account
from harness.sim.world._events import EventLog
from harness.sim.world._licence import Licence
from harness.sim.world._systems import LANGUAGES, Language, OperatingSystem

__all__ = ["Installation", "SessionConfiguration"]


@dataclass(frozen=True, slots=True)
class SessionConfiguration:
    """A registered PowerShell endpoint in NoLanguage mode.

    ``role`` is the text of its role capability file; ``users`` who may open it, everybody where it is empty;
    ``virtual_account`` False: it runs as whoever connected.
    """

    name: str
    role: str
    virtual_account: bool = True
    users: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Installation:
    """A Windows with its name, users, licence and event log.

    ``script_engine`` False: VBScript was removed, cscript can't run slmgr.vbs. ``wrap_columns``: the console's width at
    which slmgr's lines are broken, 0 for not at all. ``utc_offset`` in minutes. ``clock_error`` in minutes: how far the
    wall clock was set off since its licence and its logs were written.
    """

    computer_name: str
    dns_suffix: str
    os: OperatingSystem
    log: EventLog
    booted: datetime
    licence: Licence = field(default_factory=Licence)
    language_tag: str = "en"
    accounts: list[Account] = field(default_factory=list)
    utc_offset: int = 0
    clock_error: int = 0
    script_engine: bool = True
    wrap_columns: int = 0
    addons: tuple[str, ...] = ()
    """Further products with a key: ``esu``, ``office``."""
    files: dict[str, str] = field(default_factory=dict)
    """Script files by lower-case path."""
    ordered_edition: tuple[str, str] | None = None
    """What a start to come brings: an edition as DISM names it, and its key."""
    starts_to_edition: int = 0
    """How many starts it takes until then."""
    session_configurations: list[SessionConfiguration] = field(default_factory=list)
    """Beside those that every Windows has."""

    @property
    def fqdn(self) -> str:
        return f"{self.computer_name}.{self.dns_suffix}" if self.dns_suffix else self.computer_name

    @property
    def language(self) -> Language:
        return LANGUAGES[self.language_tag]

    def account(self, user: str, domain: str | None) -> Account | None:
        """The account of that name; a missing, local or dotted domain means this computer's own."""
        if domain is None and "@" in user:
            user, _, domain = user.partition("@")
        here = {"", ".", "localhost", self.computer_name.casefold(), self.fqdn.casefold()}
        wanted = (domain or "").casefold()
        for account in self.accounts:
            if account.name.casefold() == user.casefold() and (wanted in here or account.domain.casefold() == wanted):
                return account
        return None
