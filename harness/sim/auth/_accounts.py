"""Which accounts may log on to a machine: names in their several forms, disabled and expired ones, lockout."""

from collections.abc import Callable

from harness.sim.machine import Account, Machine

__all__ = ["AccountBook", "split_name"]


def split_name(name: str) -> tuple[str, str | None]:
    r"""User and domain of ``user``, ``DOMAIN\\user``, ``.\\user`` or ``user@domain``."""
    if "\\" in name:
        domain, _, user = name.partition("\\")
        return user, None if domain in ("", ".") else domain
    if "@" in name:
        user, _, domain = name.rpartition("@")
        return user, domain or None
    return name, None


class AccountBook:
    """The accounts of one machine as its authenticators see them.

    Args:
        machine: knows the accounts.
        clock: seconds, for the lockout window.
        lockout_after: wrong passwords in a row that lock an account; 0 never does.
        lockout_seconds: how long it stays locked.
    """

    def __init__(
        self, machine: Machine, clock: Callable[[], float], lockout_after: int = 0, lockout_seconds: float = 1800.0
    ) -> None:
        self._machine = machine
        self._clock = clock
        self._lockout_after = lockout_after
        self._lockout_seconds = lockout_seconds
        self._wrong: dict[str, tuple[int, float]] = {}

    def find(self, name: str, domain: str | None) -> Account | None:
        """The account of that name if it may log on now."""
        account = self._machine.account(name, domain)
        if account is None or not account.enabled or account.expired or self._locked(account):
            return None
        return account

    def check(self, name: str, password: str) -> Account | None:
        """The account if name and password are right and it may log on."""
        account = self.find(*split_name(name))
        if account is None:
            return None
        if account.password != password:
            self.failed(account)
            return None
        self.succeeded(account)
        return account

    def failed(self, account: Account) -> None:
        """A wrong password was given."""
        count, _ = self._wrong.get(account.name, (0, 0.0))
        self._wrong[account.name] = (count + 1, self._clock())

    def succeeded(self, account: Account) -> None:
        """The right password was given."""
        self._wrong.pop(account.name, None)

    def _locked(self, account: Account) -> bool:
        count, since = self._wrong.get(account.name, (0, 0.0))
        if not self._lockout_after or count < self._lockout_after:
            return False
        if self._clock() - since >= self._lockout_seconds:
            del self._wrong[account.name]
            return False
        return True
