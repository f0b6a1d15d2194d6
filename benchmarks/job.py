"""Whom all clients ask, and with what: the same for each of them."""

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.worker import Json

__all__ = ["Endpoint", "Job"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An HTTPS listener of one host."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Job:
    """``forks`` hosts are asked at a time; ``ca`` is the path of the authority that all clients check against."""

    endpoints: tuple[Endpoint, ...]
    ca: str
    username: str
    password: str
    forks: int

    @classmethod
    def of(cls, document: Json, forks: int) -> "Job":
        """The hosts of an `avma/sim/1` document."""
        found = [entry for entry in document["endpoints"] if entry["scheme"] == "https" and entry["role"] == "host"]
        endpoints = tuple(Endpoint(entry["name"], entry["address"], entry["port"]) for entry in found)
        return cls(endpoints, document["ca"], found[0]["username"], found[0]["password"], forks)

    def write(self, path: Path, **more: object) -> Path:
        """As a file for a client in another process; ``more`` are further entries."""
        endpoints = [{"name": one.name, "address": one.address, "port": one.port} for one in self.endpoints]
        shared = {"ca": self.ca, "username": self.username, "password": self.password, "forks": self.forks}
        path.touch(mode=0o600)
        path.write_text(json.dumps({"endpoints": endpoints, **shared, **more}))
        return path
