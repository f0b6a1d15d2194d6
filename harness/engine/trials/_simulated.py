"""The simulated lab as a program of our own, reached over the wire only, like any other lab."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from harness.core.errors import InputError

__all__ = ["SimControl", "SimulatedLab"]

Json = dict[str, Any]
_DIRECT = build_opener(ProxyHandler({}))
"""The control interface is on loopback; a proxy of the environment has no business there."""


class SimControl:
    """What a test may do to the simulated lab behind the harness's back: time, faults, moves, power.

    Each call is one request of the lab's control interface and returns its JSON answer.

    Raises:
        InputError: the lab has no such thing; the message is its own.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[str] = []

    def state(self) -> Json:
        """The world: ``now``, ``clusters``, ``hosts`` with their ``vms`` and ``keys_applied``."""
        return self._ask("GET", "/state")

    def counters(self) -> Json:
        """What reached each machine: ``requests``, ``commands``, ``state_changing``, ``shells``, ``connections``."""
        counted: Json = self._ask("GET", "/counters")["by_host"]
        return counted

    def advance(self, duration: str) -> str:
        """Let time pass, as "P8D" or "PT90M"; the lab's new present."""
        return str(self._ask("POST", "/clock", {"advance": duration})["now"])

    def faults(self, *faults: Mapping[str, object], seed: int | None = None, count: int = 8) -> Json:
        """Put these faults in force instead of the present ones, or ``count`` that ``seed`` chooses."""
        return self._ask(
            "POST", "/faults", {"faults": list(faults)} if seed is None else {"seed": seed, "count": count}
        )

    def clear(self) -> None:
        """End every fault."""
        self._ask("DELETE", "/faults")

    def struck(self) -> list[Json]:
        """The faults in force, with how often each has struck."""
        found: list[Json] = self._ask("GET", "/faults")["faults"]
        return found

    def move(self, vm: str, to: str) -> Json:
        """Live migration of a VM to another node."""
        return self._ask("POST", f"/vms/{quote(vm)}/move", {"to": to})

    def start(self, vm: str) -> Json:
        """Start a VM."""
        return self._ask("POST", f"/vms/{quote(vm)}/start")

    def stop(self, vm: str) -> Json:
        """Turn a VM off."""
        return self._ask("POST", f"/vms/{quote(vm)}/stop")

    def install_key(self, vm: str, key: str) -> str:
        """Somebody in the guest types a key in; the guest's answer, "0x00000000" where it took it."""
        return str(self._ask("POST", f"/vms/{quote(vm)}/key", {"key": key})["code"])

    def upgrade_guest(self, vm: str, to: str, key: str) -> Json:
        """Somebody runs setup of that release in the guest, with /pkey; the key tells the edition it becomes."""
        return self._ask("POST", f"/vms/{quote(vm)}/upgrade", {"to": to, "key": key})

    def upgrade_host(self, host: str, to: str) -> Json:
        """Somebody drains the host, upgrades it and takes it back, with its own activation as before."""
        return self._ask("POST", f"/hosts/{quote(host)}/upgrade", {"to": to})

    def reboot(self, host: str) -> Json:
        """Restart a host."""
        return self._ask("POST", f"/hosts/{quote(host)}/reboot")

    def activate(self, host: str) -> Json:
        """Let a host be activated itself."""
        return self._ask("POST", f"/hosts/{quote(host)}/activate")

    def deactivate(self, host: str) -> Json:
        """Let a host lose its own activation."""
        return self._ask("POST", f"/hosts/{quote(host)}/deactivate")

    def variants(self, **choices: str) -> Json:
        """Choose how the lab behaves where nobody has recorded Windows; `GET /variants` lists what there is."""
        return self._ask("POST", "/variants", choices)

    def reset(self) -> Json:
        """The world as the topology describes it: no faults, no counts, no shells."""
        return self._ask("POST", "/reset")

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        text = json.dumps(body or {})
        if method == "POST":
            self.calls.append(f"{path} {text}" if body else path)
        request = Request(  # noqa: S310 - our own lab on loopback
            self.url + path, text.encode() if method == "POST" else None, {"Content-Type": "application/json"}
        )
        request.method = method
        try:
            with _DIRECT.open(request) as answer:
                found: Json = json.loads(answer.read())
        except HTTPError as error:
            told = json.loads(error.read()).get("error", error.reason)
            raise InputError(f"{told}.", target=path, hint="docs/simulated-lab.md says what the lab can do.") from error
        return found


class SimulatedLab:
    """One simulated lab; a context manager that ends it. Should this process die, the lab ends as well.

    Args:
        topology: a topology file, or the name of a shipped one.
        directory: where the lab leaves its inventory, certificates and secrets.
        seed: of everything random in the lab.

    Raises:
        InputError: the lab does not start; the message is its own.
    """

    def __init__(self, topology: str, directory: Path, *, seed: int = 1) -> None:
        command = [sys.executable, "-m", "harness.cli", "--output", "ndjson", "sim", "up", "--end-with-stdin"]
        command += ["--topology", topology, "--directory", str(directory), "--seed", str(seed)]
        self.seed = seed
        directory.mkdir(parents=True, exist_ok=True)
        log = directory / "lab.log"
        with log.open("w", encoding="utf-8") as told:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            words = log.read_text("utf-8").strip() or "The simulated lab did not start."
            raise InputError(words.removeprefix("avma: "))
        document = json.loads(line)
        self.inventory = str(document["inventory"])
        self.control = SimControl(str(document["control"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the lab."""
        self._process.terminate()
        self._process.communicate(timeout=30)
