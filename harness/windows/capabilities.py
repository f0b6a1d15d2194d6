"""What a machine's endpoint offers: asked once, remembered with its age, asked again when a pipeline says otherwise.

A command that is missing ends a whole pipeline (PowerShell's ServerPowerShellDriver lets no later statement answer once
one failed), so what exists has to be known before many questions travel together.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.core.errors import RemoteError
from harness.core.model import ModuleInfo
from harness.remoting import PipelineResult, PowerShellSession, Statement, cmd
from harness.remoting.decode import RemoteObject
from harness.windows._values import Row
from harness.windows.question import QUALIFIED_SELECT, Projection

__all__ = [
    "PROBED_MODULES",
    "HostCapabilities",
    "probe",
    "probe_statements",
    "read_capabilities",
    "write_capabilities",
]

_SELECT = "Select-Object"
_JSON = "ConvertTo-Json"
PROBED_MODULES = ("ServerAVMAManager", "AzureStackHCI", "Az.StackHCI", "Hyper-V", "FailoverClusters")
"""Modules whose version matters: ServerAVMAManager 1.1 and later knows Windows Server subscription."""


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    """What one endpoint offers.

    ``commands`` are casefolded names; ``modules`` None where they cannot be listed; ``late`` the subjects whose
    terminating error once ended a pipeline: they are asked last, where they silence nobody.
    """

    commands: frozenset[str]
    modules: tuple[ModuleInfo, ...] | None
    projection: Projection
    probed_at: datetime
    late: frozenset[str] = frozenset()

    def has(self, *names: str) -> bool:
        """Whether all these commands are there."""
        return all(name.casefold() in self.commands for name in names)

    def age(self, now: datetime) -> timedelta:
        """How long ago it was asked."""
        return now - self.probed_at


def probe_statements(commands: Iterable[str]) -> list[Statement]:
    """Two questions that exist everywhere; their answers are objects, since ConvertTo-Json is among what is asked for.

    The properties of the first are among the few that a JEA endpoint's Select-Object stub lets through; the second
    fails where the endpoint does not show its commands, which costs nothing because it is the last.
    """
    names = sorted({*commands, _SELECT, QUALIFIED_SELECT, _JSON})
    return [
        cmd("Get-Command", Name=names, ErrorAction="SilentlyContinue")
        | cmd(_SELECT, Property=["Name", "CommandType", "ModuleName"]),
        cmd("Get-Module", Name=list(PROBED_MODULES), ListAvailable=True)
        | cmd(QUALIFIED_SELECT, Property=["Name", "Version"]),
    ]


def probe(session: PowerShellSession, commands: Iterable[str], *, now: datetime, seconds: float) -> HostCapabilities:
    """Ask what exists, in one pipeline. Retry class: read.

    Args:
        session: with the machine.
        commands: the names that may be used.
        now: stamped on the answer.
        seconds: deadline.

    Raises:
        RemoteError: not even Get-Command answered.
        TransportError: by phase.
    """
    result = session.run(probe_statements(commands), seconds=seconds)
    found, modules = _sorted_out(result)
    if not found:
        first = result.errors[0] if result.errors else None
        raise RemoteError(
            first.message if first else "The endpoint does not say which commands it offers.",
            fq_id=first.fq_id if first else "",
            exception_type=first.exception_type if first else "",
            hresult=first.hresult if first else None,
            target=session.target,
            step="probe",
            hint="Check that the session configuration lets Get-Command through.",
        )
    return HostCapabilities(
        commands=frozenset((row.text("Name") or "").casefold() for row in found),
        modules=None if result.failed else tuple(modules),
        projection=_projection(found),
        probed_at=now,
    )


def _sorted_out(result: PipelineResult) -> tuple[list[Row], list[ModuleInfo]]:
    commands: list[Row] = []
    modules: list[ModuleInfo] = []
    for value in result.output:
        if not isinstance(value, RemoteObject):
            continue
        row = Row.of(value.properties)
        version = row.version("Version")
        if row.get("CommandType") is not None:
            commands.append(row)
        elif version:
            modules.append(ModuleInfo(row.text("Name") or "", version))
    return commands, modules


def _projection(found: list[Row]) -> Projection:
    """A Select-Object that is a function is JEA's stub; the real one may be visible by its full name."""
    kinds = {
        (row.text("CommandType") or "").casefold()
        for row in found
        if (row.text("Name") or "").rpartition("\\")[2].casefold() == _SELECT.casefold()
    }
    stub = bool(kinds & {"function", "2"})
    real = bool(kinds & {"cmdlet", "8"})
    select = (QUALIFIED_SELECT if stub else _SELECT) if real else None
    names = {(row.text("Name") or "").casefold() for row in found}
    return Projection(select, json=select is not None and _JSON.casefold() in names)


def write_capabilities(capabilities: HostCapabilities) -> str:
    """The document under which a store remembers them."""
    modules = capabilities.modules
    return json.dumps(
        {
            "commands": sorted(capabilities.commands),
            "modules": None if modules is None else [[module.name, list(module.version)] for module in modules],
            "select": capabilities.projection.select,
            "json": capabilities.projection.json,
            "probed_at": capabilities.probed_at.isoformat(),
            "late": sorted(capabilities.late),
        },
        separators=(",", ":"),
    )


def read_capabilities(document: str) -> HostCapabilities | None:
    """What write_capabilities wrote; None for a document of another make, which is then asked for again."""
    try:
        table = json.loads(document)
        modules = table["modules"]
        return HostCapabilities(
            commands=frozenset(str(name) for name in table["commands"]),
            modules=None if modules is None else tuple(ModuleInfo(str(n), tuple(map(int, v))) for n, v in modules),
            projection=Projection(table["select"], json=bool(table["json"])),
            probed_at=datetime.fromisoformat(table["probed_at"]),
            late=frozenset(str(subject) for subject in table["late"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
