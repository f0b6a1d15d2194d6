"""The foreign clients: where each lives, how it is started, which ways in it has."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.exercises import COMMAND_SHELL, COMMON, PSRP

__all__ = ["CLIENTS", "ROOT", "Client", "Way", "here"]

ROOT = Path(__file__).resolve().parents[2]
_DRIVERS = ROOT / "tests" / "interop" / "drivers"


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: ``auth`` is basic, ntlm or kerberos. Over HTTP the client seals its messages."""

    auth: str
    secure: bool = False
    tickets: bool = False
    """The client knows no password, only the tickets of a credential cache."""


_BASIC, _NTLM, _NTLM_TLS, _KERBEROS = Way("basic", True), Way("ntlm"), Way("ntlm", True), Way("kerberos")


@dataclass(frozen=True, slots=True)
class Client:
    """``package`` names its version; ``cannot`` says for each way in that it lacks, why."""

    name: str
    package: str
    command: Sequence[str | Path]
    ways: Sequence[Way]
    exercises: Sequence[str]
    cannot: Mapping[str, str] = field(default_factory=dict)
    connection: str = ""
    folder: Path = ROOT

    def version(self) -> str | None:
        """The installed version; None where the client is not installed."""
        if not Path(self.command[0]).exists():
            return None
        if self.package.endswith("-dev"):
            return _printed("dpkg-query", "--show", "--showformat", "${Version}", self.package)
        if self.command[0] == _NODE:
            manifest = self.folder / "node_modules" / self.package / "package.json"
            return json.loads(manifest.read_text())["version"] if manifest.exists() else None
        return _printed(self.command[0], "-c", f"import importlib.metadata as m; print(m.version('{self.package}'))")


def _printed(*command: str | Path) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _python(environment: str, driver: str) -> tuple[Path, Path]:
    return ROOT / f".venv-interop-{environment}" / "bin" / "python", _DRIVERS / f"{driver}_driver.py"


def _node() -> str:
    return _printed("sh", "-c", "command -v node") or "node"


_NODE = _node()
_NO_KERBEROS = "the client has no Kerberos"

CLIENTS = (
    Client(
        "pypsrp",
        "pypsrp",
        _python("current", "pypsrp"),
        (_BASIC, _NTLM, _NTLM_TLS, _KERBEROS),
        (*PSRP, "is alive"),
    ),
    Client("pypsrp 0.8", "pypsrp", _python("pypsrp08", "pypsrp"), (_BASIC, _NTLM, _NTLM_TLS, _KERBEROS), PSRP),
    Client(
        "pywinrm",
        "pywinrm",
        _python("current", "pywinrm"),
        (_BASIC, _NTLM, _NTLM_TLS, Way("kerberos", tickets=True)),
        (*COMMAND_SHELL, "wait", "large output"),
    ),
    Client(
        "ansible-core, psrp",
        "ansible-core",
        _python("current", "ansible"),
        (_BASIC, _NTLM, _KERBEROS),
        COMMON,
        connection="psrp",
    ),
    Client(
        "ansible-core, winrm",
        "ansible-core",
        _python("current", "ansible"),
        (_BASIC, _NTLM, _KERBEROS),
        COMMON,
        connection="winrm",
    ),
    Client(
        "evil-winrm-py",
        "evil-winrm-py",
        _python("pypsrp08", "evil_winrm_py"),
        (_NTLM, _KERBEROS),
        COMMON,
        {"basic": "the client has no Basic"},
    ),
    Client(
        "awinrm",
        "awinrm",
        _python("awinrm", "awinrm"),
        (_NTLM, _KERBEROS),
        COMMAND_SHELL,
        {"basic": "the client has no Basic"},
    ),
    Client(
        "winrm-client (npm)",
        "winrm-client",
        (_NODE, "--no-deprecation", _DRIVERS / "winrm_client.mjs"),
        (_BASIC, _NTLM_TLS),
        COMMON,
        {"kerberos": _NO_KERBEROS},
        folder=ROOT / ".venv-interop-npm",
    ),
    Client(
        "masterzen/winrm (Go)",
        "golang-github-masterzen-winrm-dev",
        (ROOT / ".venv-interop-go" / "masterzen",),
        (_BASIC, _NTLM_TLS),
        COMMAND_SHELL,
        {"kerberos": f"{_NO_KERBEROS} in the version that Debian packages"},
    ),
)


def here(client: Client) -> Client:
    """The same driver with this project's own environment, which holds pypsrp and pywinrm as well."""
    return Client(client.name, client.package, (sys.executable, client.command[1]), client.ways, client.exercises)
