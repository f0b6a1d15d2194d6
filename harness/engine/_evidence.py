"""The raw answers of a run, machine by machine: the last ones win."""

from collections.abc import Callable, Mapping
from threading import Lock

__all__ = ["EvidenceBook"]

Answers = Mapping[str, object]


class EvidenceBook:
    """Filled from several lanes at once, read when the run ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hosts: dict[str, Answers] = {}
        self._guests: dict[str, Answers] = {}

    def of_host(self, name: str) -> Callable[[Answers], None]:
        """Where the answers of that inventory host go."""
        return lambda answers: self._put(self._hosts, name, answers)

    def of_guest(self, vm_id: str) -> Callable[[Answers], None]:
        """Where the answers of that VM go."""
        return lambda answers: self._put(self._guests, vm_id, answers)

    def host(self, name: str) -> Answers:
        """What that host answered last; empty where it did not."""
        return self._hosts.get(name, {})

    def guest(self, vm_id: str) -> Answers:
        """What that guest answered last; empty where it did not."""
        return self._guests.get(vm_id, {})

    def _put(self, book: dict[str, Answers], name: str, answers: Answers) -> None:
        with self._lock:
            book[name] = answers
