"""The sessions of a run: one per lane, opened at first use, kept until the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock, RLock
from typing import Self

from pydantic import SecretStr

from harness.core.errors import InputError
from harness.core.model import Connection, CredentialEntry, GuestAccess, GuestLane, Inventory, SecretRef
from harness.engine._access import guest_connection, guest_credential
from harness.engine._lanes import side_by_side
from harness.remoting import (
    CommandShell,
    Credential,
    DirectSession,
    DirectShell,
    PipelineResult,
    PowerShellSession,
    Statement,
    open_powershell,
    open_shell,
)

__all__ = ["GuestChannel", "Openers", "SessionBook"]


Resolve = Callable[[SecretRef], SecretStr]
"""Turns a secret's reference into the secret, late."""


@dataclass(frozen=True, slots=True)
class Openers:
    """How channels are opened; tests hand in others."""

    powershell: Callable[..., PowerShellSession] = open_powershell
    shell: Callable[..., CommandShell] = open_shell


@dataclass(frozen=True, slots=True)
class GuestChannel:
    """Both ways into one guest, whatever carries them."""

    session: PowerShellSession
    shell: CommandShell

    def close(self) -> None:
        """Close both."""
        self.shell.close()
        self.session.close()


class _Shared:
    """A host's session, one pipeline at a time: PowerShell Direct lanes of its guests queue on it."""

    def __init__(self, session: PowerShellSession) -> None:
        self._session = session
        self._lock = RLock()
        self.target = session.target

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        with self._lock:
            return self._session.run(statements, seconds=seconds)

    def close(self) -> None:
        with self._lock:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class SessionBook:
    """Opens and remembers the sessions of one run.

    Credentials are resolved at first use, each once. Closing is the run's last act and never raises for a machine
    that is gone.
    """

    def __init__(self, inventory: Inventory, resolve: Resolve, openers: Openers | None = None) -> None:
        self._inventory = inventory
        self._resolve = resolve
        self._openers = openers or Openers()
        self._lock = Lock()
        self._hosts: dict[str, PowerShellSession] = {}
        self._guests: dict[str, GuestChannel] = {}
        self._credentials: dict[str, Credential] = {}

    def host(self, name: str) -> PowerShellSession:
        """The session with that inventory host."""
        with self._lock:
            if name not in self._hosts:
                connection = self._inventory.hosts[name].connection
                self._hosts[name] = _Shared(
                    self._openers.powershell(
                        connection,
                        self._credential(connection.credential),
                        target=name,
                        **self._certificate(connection),
                    )
                )
            return self._hosts[name]

    def guest(self, lane: GuestLane) -> GuestChannel:
        """The channel into that guest, by its lane's access.

        Raises:
            InputError: no rule says how, or its address is not known.
        """
        known = self._guests.get(lane.vm.vm_id)
        if known is None:
            known = self._direct(lane) if lane.access is GuestAccess.DIRECT else self._winrm(lane)
            with self._lock:
                self._guests[lane.vm.vm_id] = known
        return known

    def forget_direct(self, lane: GuestLane) -> None:
        """Close the channel into a guest that moved, where it leads through the node it left."""
        if lane.access is not GuestAccess.DIRECT:
            return
        with self._lock:
            channel = self._guests.pop(lane.vm.vm_id, None)
        if channel is not None:
            channel.close()

    def learn(self, inventory: Inventory) -> None:
        """Take an inventory that names more hosts than the first one."""
        self._inventory = inventory

    def secret(self, reference: SecretRef) -> SecretStr:
        """A secret by reference, as for a host key."""
        return self._resolve(reference)

    def close(self, *, forks: int = 16) -> None:
        """Close everything that was opened, ``forks`` at a time, guests before the hosts that carry some of them."""
        with self._lock:
            side_by_side(GuestChannel.close, self._guests.values(), forks=forks)
            side_by_side(lambda session: session.close(), self._hosts.values(), forks=forks)
            self._guests.clear()
            self._hosts.clear()

    def _winrm(self, lane: GuestLane) -> GuestChannel:
        connection = guest_connection(self._inventory, lane.vm)
        if connection is None:
            raise InputError(
                "The guest's address is not known.",
                code="guest_address_unknown",
                target=lane.vm.name,
                step="guest_access",
                hint="Turn Data Exchange on, or give the guest an address under `guests:` in the inventory.",
            )
        with self._lock:
            credential = self._credential(connection.credential)
        extra = self._certificate(connection)
        return GuestChannel(
            self._openers.powershell(connection, credential, target=lane.vm.name, **extra),
            self._openers.shell(connection, credential, target=lane.vm.name, **extra),
        )

    def _direct(self, lane: GuestLane) -> GuestChannel:
        host = self.host(lane.host)
        name = guest_credential(self._inventory, lane.vm)
        with self._lock:
            credential = self._credential(name)
        if credential is None:
            raise InputError(
                "PowerShell Direct needs a credential of the guest.",
                code="guest_credential_missing",
                target=lane.vm.name,
                step="guest_access",
                hint="Name a credential in the guest_access rule.",
            )
        return GuestChannel(
            DirectSession(host, lane.vm.vm_id, credential, target=lane.vm.name),
            DirectShell(host, lane.vm.vm_id, credential, target=lane.vm.name),
        )

    def _credential(self, name: str | None) -> Credential | None:
        if name is None:
            return None
        if name not in self._credentials:
            entry = self._inventory.credentials[name]
            if entry.username is None or entry.password is None:
                return None
            self._credentials[name] = Credential(entry.username, self._resolve(entry.password))
        return self._credentials[name]

    def _certificate(self, connection: Connection) -> dict[str, CredentialEntry]:
        entry = self._inventory.credentials.get(connection.credential or "")
        return {"entry": entry} if entry is not None and entry.certificate else {}
