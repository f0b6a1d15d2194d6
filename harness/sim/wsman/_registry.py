"""The shells of one machine: who has which, which have idled out, and how many a user may have."""

from collections.abc import Callable, Iterator

from harness.sim.machine import Account
from harness.sim.wsman._faults import WsmanFault, shell_gone, too_many_shells, too_many_users
from harness.sim.wsman._settings import Limits
from harness.sim.wsman._shell import Shell

__all__ = ["ShellRegistry"]


class ShellRegistry:
    """Shells by id. Ids are compared without case; a shell of another user is as good as none."""

    def __init__(self, settings: Limits) -> None:
        self._settings = settings
        self._shells: dict[str, Shell] = {}

    def __len__(self) -> int:
        return len(self._shells)

    def __iter__(self) -> Iterator[Shell]:
        return iter(list(self._shells.values()))

    def expire(self) -> None:
        """Close the shells that nobody has used for too long."""
        for shell in self:
            if shell.expired:
                self.remove(shell.id)

    def admit(self, account: Account) -> None:
        """Whether this user may open one more.

        Raises:
            WsmanFault: the user's shells, or the number of users, are used up.
        """
        self.expire()
        mine = self._key(account)
        owners = {self._key(shell.owner) for shell in self}
        if sum(self._key(shell.owner) == mine for shell in self) >= self._settings.max_shells_per_user:
            raise too_many_shells(self._settings.max_shells_per_user)
        if mine not in owners and len(owners) >= self._settings.max_users:
            raise too_many_users()

    def add(self, shell: Shell) -> None:
        """Keep a shell."""
        self._shells[shell.id.upper()] = shell

    def has(self, shell_id: str) -> bool:
        """Whether a shell of that id exists, whoever owns it."""
        return shell_id.upper() in self._shells

    def find(self, shell_id: str, account: Account, missing: WsmanFault | None = None) -> Shell:
        """The user's shell of that id.

        Raises:
            WsmanFault: there is none; ``missing`` if it is given.
        """
        self.expire()
        shell = self._shells.get(shell_id.upper())
        if shell is None or self._key(shell.owner) != self._key(account):
            raise missing or shell_gone(shell_id)
        return shell

    def owned_by(self, account: Account) -> list[Shell]:
        """The user's shells, the newest first, as an enumeration lists them."""
        self.expire()
        mine = self._key(account)
        return [shell for shell in reversed(list(self._shells.values())) if self._key(shell.owner) == mine]

    def remove(self, shell_id: str) -> bool:
        """Close and forget a shell; False when there is none."""
        shell = self._shells.pop(shell_id.upper(), None)
        if shell is not None:
            shell.close()
        return shell is not None

    def remove_where(self, wanted: Callable[[Shell], bool]) -> int:
        """Close the shells that match; how many."""
        return sum(self.remove(shell.id) for shell in self if wanted(shell))

    @staticmethod
    def _key(account: Account) -> tuple[str, str]:
        return account.domain.casefold(), account.name.casefold()
