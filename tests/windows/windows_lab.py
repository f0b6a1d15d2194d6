"""Sessions with machines of a simulated lab, for the tests of the windows room."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from harness.core.model import Auth, Connection, GuestAccess, GuestFacts, HostFacts, VirtualMachine
from harness.remoting import (
    CommandShell,
    Credential,
    DirectSession,
    DirectShell,
    PowerShellSession,
    Statement,
    cmd,
    open_powershell,
    open_shell,
)
from harness.sim.lab import LabThread
from harness.sim.topology import Topology, parse_topology
from harness.windows import HostCapabilities, gather_guest, gather_host

__all__ = ["SECONDS", "Wire", "topology"]

SECONDS = 30.0

_HEAD = """
version: 1
name: windows
domain: lab.example
start: now
host_account: {username: 'LAB\\operator'}
guest_account: {username: Administrator}
"""


def topology(text: str) -> Topology:
    """A topology with the usual head."""
    return parse_topology(_HEAD + text, "test.yaml")


@dataclass
class Wire:
    """A running lab, and sessions with its machines that are closed at the end."""

    lab: LabThread
    opened: list[PowerShellSession | CommandShell] = field(default_factory=list)

    def session(self, name: str) -> PowerShellSession:
        """A session whose shell is open, so that what follows is counted on an open session."""
        connection, credential = self._way(name)
        session = open_powershell(connection, credential, target=name)
        self.opened.append(session)
        session.run([Statement((cmd("Get-Date"),))], seconds=SECONDS)
        return session

    def shell(self, name: str) -> CommandShell:
        connection, credential = self._way(name)
        shell = open_shell(connection, credential, target=name)
        self.opened.append(shell)
        return shell

    def host(self, session: PowerShellSession, known: HostCapabilities | None = None) -> HostFacts:
        return self.gather(session, known)[0]

    def gather(
        self, session: PowerShellSession, known: HostCapabilities | None = None
    ) -> tuple[HostFacts, HostCapabilities]:
        return gather_host(session, session.target, known=known, clock=lambda: datetime.now(UTC), seconds=SECONDS)

    def guest(self, session: PowerShellSession, shell: CommandShell | None, vm: VirtualMachine) -> GuestFacts:
        access = GuestAccess.DIRECT if isinstance(session, DirectSession) else GuestAccess.WINRM
        return gather_guest(session, shell, vm, access, clock=lambda: datetime.now(UTC), seconds=SECONDS)

    def direct(self, host: PowerShellSession, vm: VirtualMachine) -> tuple[DirectSession, DirectShell]:
        """Both channels of PowerShell Direct into a VM of the session's host."""
        place = next(e for e in self.lab.document["endpoints"] if e["role"] == "guest")
        credential = Credential(place["username"], SecretStr(place["password"]))
        return (
            DirectSession(host, vm.vm_id, credential, target=vm.name),
            DirectShell(host, vm.vm_id, credential, target=vm.name),
        )

    def requests(self, name: str) -> Counter[str]:
        """Requests that reached a machine so far, by WSMan action."""
        return Counter(self._counters(name)["requests"])

    def changes(self, name: str) -> int:
        """State-changing messages that reached a machine so far."""
        return int(self._counters(name)["state_changing"])

    def commands(self, name: str) -> Mapping[str, int]:
        """Calls that a machine saw so far, by name."""
        return dict(self._counters(name)["commands"])

    def close(self) -> None:
        for session in self.opened:
            session.close()

    def _counters(self, name: str) -> Mapping[str, Any]:
        found: dict[str, Any] = self.lab.do(lambda running: running.counters()["by_host"])  # type: ignore[assignment,arg-type,return-value]
        return dict(found[name])

    def _way(self, name: str) -> tuple[Connection, Credential]:
        places = self.lab.document["endpoints"]
        place = next(e for e in places if e["scheme"] == "https" and name in {e["name"], e["computer_name"]})
        connection = Connection(
            place["address"], place["port"], "https", Auth.BASIC, credential="lab", ca=self.lab.document["ca"]
        )
        return connection, Credential(place["username"], SecretStr(place["password"]))
