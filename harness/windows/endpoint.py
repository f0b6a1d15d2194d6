"""The least that an endpoint has to grant: found by letting every operation on a host speak to nobody.

There is no second list of commands: what the questions ask and what the operations send is recorded, twice with
different machines, keys and ids, so that what stays the same can be granted by its value and what varies by its name.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from types import TracebackType
from typing import Self
from uuid import UUID

from pydantic import SecretStr

from harness.core.errors import HarnessError
from harness.remoting import Command, PipelineResult, Statement
from harness.windows.activation import read_host_activation, set_host_key
from harness.windows.capabilities import probe_statements
from harness.windows.cluster import move_role, read_role_owner
from harness.windows.host import HOST_COMMANDS, HOST_QUESTIONS
from harness.windows.integration import read_service, read_services, set_service
from harness.windows.licence import LEGACY_LICENCES
from harness.windows.question import QUALIFIED, QUALIFIED_SELECT
from harness.windows.subscription import enable_subscription

__all__ = ["EXTRAS", "CommandGrant", "ParameterGrant", "host_grants"]

_BUILT_IN = frozenset({"Get-Command", "Select-Object"})
"""Every restricted endpoint shows these, with what the probe asks of them (Microsoft Learn, JEA)."""
_FUNCTIONS = frozenset({"Get-VMAutomaticActivation", "Set-VMAutomaticActivation", "Set-AzStackHCI"})
"""ServerAVMAManager and Az.StackHCI are script modules."""
_PIPED = {
    "Get-VMIntegrationService": "VM",
    "Enable-VMIntegrationService": "VMIntegrationService",
    "Disable-VMIntegrationService": "VMIntegrationService",
}
"""The parameter that takes what the pipeline brings (Microsoft Learn); InputObject for all others we pipe into."""


@dataclass(frozen=True, slots=True)
class ParameterGrant:
    """One parameter; ``values`` None grants any value."""

    name: str
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CommandGrant:
    """One command; ``parameters`` None grants it whole."""

    name: str
    function: bool = False
    parameters: tuple[ParameterGrant, ...] | None = None


def host_grants(extras: Collection[str] = ()) -> tuple[CommandGrant, ...]:
    """What the harness sends to a host, by command, in the order of its first use.

    ``extras``: what is only sent on request, of ``EXTRAS``; without it, such a command stays out of the role.
    """
    uses: dict[str, list[_Use]] = {}
    for statements in (_sent(_FIRST, extras), _sent(_SECOND, extras)):
        for statement in statements:
            for place, command in enumerate(statement.commands):
                if command.name not in _BUILT_IN:
                    uses.setdefault(command.name, []).append(_Use(command, piped=place > 0))
    half = {name: len(found) // 2 for name, found in uses.items()}
    return tuple(_grant(name, found[: half[name]], found[half[name] :]) for name, found in uses.items())


@dataclass(frozen=True, slots=True)
class _Sample:
    """What differs from one use to the next."""

    vm_id: str
    component: str
    node: str
    key: SecretStr


_FIRST, _SECOND = (
    _Sample(str(UUID(int=number)), str(UUID(int=number + 2)), letter, SecretStr("-".join([letter * 5] * 5)))
    for number, letter in enumerate("XY")
)


@dataclass(frozen=True, slots=True)
class _Use:
    command: Command
    piped: bool


@dataclass(slots=True)
class _Listener:
    """A session that hears everything and answers nothing."""

    target: str = "endpoint"
    heard: list[Statement] = field(default_factory=list)

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        del seconds
        self.heard.extend(statements)
        return PipelineResult(())

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _canary(listener: _Listener, sample: _Sample) -> None:
    with suppress(HarnessError):
        read_role_owner(listener, sample.vm_id, seconds=1)
    move_role(listener, sample.vm_id, sample.node, seconds=1)


def _subscription(listener: _Listener, sample: _Sample) -> None:
    enable_subscription(listener, sample.node, sample.key, environment=sample.node, seconds=1)


EXTRAS: Mapping[str, Callable[[_Listener, _Sample], None]] = {"canary": _canary, "subscription": _subscription}
"""What an endpoint may let through besides: moving the canary VM, enabling the subscription."""


def _sent(sample: _Sample, extras: Collection[str]) -> list[Statement]:
    """Every statement that may go to a host."""
    listener = _Listener()
    operations: Sequence[Callable[[], object]] = (
        lambda: read_services(listener, sample.vm_id, seconds=1),
        lambda: read_service(listener, sample.vm_id, sample.component, seconds=1),
        lambda: set_service(listener, sample.vm_id, sample.component, enabled=True, seconds=1),
        lambda: set_service(listener, sample.vm_id, sample.component, enabled=False, seconds=1),
        lambda: read_host_activation(listener, seconds=1),
        lambda: set_host_key(listener, sample.key, seconds=1),
    )
    listener.run(probe_statements(HOST_COMMANDS), seconds=1)
    listener.run([question.statement(QUALIFIED) for question in (*HOST_QUESTIONS, LEGACY_LICENCES)], seconds=1)
    for operation in operations:
        with suppress(HarnessError):  # silence is no answer
            operation()
    for extra in extras:
        EXTRAS[extra](listener, sample)
    return listener.heard


def _grant(name: str, first: Sequence[_Use], second: Sequence[_Use]) -> CommandGrant:
    function = name in _FUNCTIONS
    both = (*first, *second)
    used = {parameter for use in both for parameter in use.command.parameters}
    whole = name == QUALIFIED_SELECT or any(use.command.arguments for use in both) or not used | _piped(name, both)
    if whole:
        return CommandGrant(name, function)
    ordered = dict.fromkeys(chain(_piped(name, both), *(use.command.parameters for use in both)))
    return CommandGrant(
        name,
        function,
        tuple(ParameterGrant(one, _constants(one, first, second) if one in used else None) for one in ordered),
    )


def _piped(name: str, uses: Iterable[_Use]) -> set[str]:
    return {_PIPED.get(name, "InputObject")} if any(use.piped for use in uses) else set()


def _constants(parameter: str, first: Sequence[_Use], second: Sequence[_Use]) -> tuple[str, ...] | None:
    """The texts that this parameter is given, if they are texts and do not vary."""
    given = [list(_values(parameter, uses)) for uses in (first, second)]
    if given[0] != given[1] or not all(isinstance(value, str) for value in given[0]):
        return None
    return tuple(dict.fromkeys(str(value) for value in given[0]))


def _values(parameter: str, uses: Sequence[_Use]) -> Iterator[object]:
    for use in uses:
        if parameter in use.command.parameters:
            value = use.command.parameters[parameter]
            yield from value if isinstance(value, list) else [value]
