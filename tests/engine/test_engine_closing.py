"""The last act of a run: sessions close side by side, so that a hundred hosts do not cost a hundred farewells."""

from threading import Barrier, BrokenBarrierError

from harness.core.model import Auth, Connection, HostEntry, Inventory
from harness.engine import Openers, SessionBook


class Leaving:
    """A session whose farewell lasts until so many others say theirs."""

    def __init__(self, target: str, together: Barrier, alone: list[str]) -> None:
        self.target = target
        self._together = together
        self._alone = alone

    def close(self) -> None:
        try:
            self._together.wait(5.0)
        except BrokenBarrierError:
            self._alone.append(self.target)


def closed_alone(hosts: int, forks: int) -> list[str]:
    names = [f"hv{number}" for number in range(hosts)]
    inventory = Inventory(
        "lab.yaml", {name: HostEntry(name, Connection(name, 5986, "https", Auth.KERBEROS, None)) for name in names}
    )
    together, alone = Barrier(min(hosts, forks)), []
    book = SessionBook(
        inventory, lambda _: None, Openers(powershell=lambda *_, target, **__: Leaving(target, together, alone))
    )
    for name in names:
        book.host(name)
    book.close(forks=forks)
    return alone


def test_sessions_close_side_by_side() -> None:
    assert closed_alone(hosts=4, forks=4) == []


def test_few_lanes_close_many_sessions() -> None:
    assert closed_alone(hosts=4, forks=2) == []
