"""What reached each computer, by command: the figures behind "reading sends nothing that changes state"."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.sim.cmdlets import CHANGING_METHODS, Command, Scope

__all__ = ["Activity"]


@dataclass(slots=True)
class Activity:
    """Counts of one computer, whichever way the commands came: PSRP, command shell or PowerShell Direct."""

    commands: Counter[str] = field(default_factory=Counter)
    state_changing: int = 0

    def cmdlet(self, command: Command[Scope], arguments: Mapping[str, object]) -> None:
        """Note a cmdlet. One that changes, or would change without a refusal, counts; -WhatIf does not."""
        self.commands[command.name] += 1
        changes = command.changes and arguments.get("WhatIf") is not True
        if command.name == "Invoke-CimMethod":
            changes = str(arguments.get("MethodName", "")).casefold() in CHANGING_METHODS
        self.state_changing += changes

    def program(self, name: str, changes: bool) -> None:  # noqa: FBT001 - the shape in which the shell tells it
        """Note a program; slmgr by its verb, as ``slmgr /dlv``."""
        self.commands[name] += 1
        self.state_changing += changes

    def clear(self) -> None:
        """Start again from nought."""
        self.commands.clear()
        self.state_changing = 0
