"""The raw answers of a run, machine by machine: the last ones win."""

from collections.abc import Callable, Mapping
from threading import Lock

__all__ = ["EvidenceBook"]

Answers = Mapping[str, object]
Told = Callable[[], Answers]


class EvidenceBook:
    """Filled from several lanes at once, read when the run ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hosts: dict[str, Told] = {}
        self._guests: dict[str, Told] = {}

    def of_host(self, name: str) -> Callable[[Told], None]:
        """Where the answers of that inventory host go."""
        return lambda told: self._put(self._hosts, name, told)

    def of_guest(self, vm_id: str) -> Callable[[Told], None]:
        """Where the answers of that VM go."""
        return lambda told: self._put(self._guests, vm_id, told)

    def host(self, name: str) -> Answers:
        """What that host answered last; empty where it did not."""
        return self._hosts.get(name, dict)()

    def guest(self, vm_id: str) -> Answers:
        """What that guest answered last; empty where it did not."""
        return self._guests.get(vm_id, dict)()

    def _put(self, book: dict[str, Told], name: str, told: Told) -> None:
        with self._lock:
            book[name] = told
