"""What a struck fault does to a request: waits, answers in the service's place, or spoils the delivery."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from harness.sim.faults import WORLD_KINDS, Fault
from harness.sim.http import Delivery
from harness.sim.psrp import ProtocolError, peek_calls
from harness.sim.wsman import (
    Answer,
    Caller,
    Request,
    WsmanFault,
    WsmanService,
    concurrent_operations,
    internal_error,
    operation_timed_out,
    shell_gone,
    too_many_shells,
    too_many_users,
)

__all__ = ["Outcome", "Spoiler", "command_words"]

_SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
_STATUSES = {"unauthorized": 401, "http_400": 400, "http_500": 500, "http_503": 503}
_REMEMBERED = 4096
_DELIVERIES = frozenset({"drip", "truncated", "duplicated"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request at one phase.

    Attributes:
        answer: given instead of the service's, if any.
        lost: the connection was dropped, there is no answer.
        delivery: how the answer leaves.
    """

    answer: Answer | None = None
    lost: bool = False
    delivery: Delivery = Delivery()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Lets faults strike at one machine's service.

    Attributes:
        service: whose shells are killed and whose faults are told.
        restart: ends all shells and connections of the machine.
        happen: lets a fault of WORLD_KINDS come over the machine.
    """

    service: WsmanService
    restart: Callable[[], None]
    happen: Callable[[Fault], Awaitable[None]]

    async def strike(self, faults: Sequence[Fault], request: Request, caller: Caller) -> Outcome:
        """Let the faults strike in order; the last that answers or loses the request has its way."""
        outcome = Outcome()
        for fault in faults:
            if fault.kind in ("stall", "latency"):
                await asyncio.sleep(fault.seconds)
            elif fault.kind in _DELIVERIES:
                outcome = replace(outcome, delivery=Delivery(fault.kind, fault.seconds))
            elif fault.kind == "reset":
                outcome = replace(outcome, lost=True)
            elif fault.kind == "service_restart":
                self.restart()
                outcome = replace(outcome, lost=True)
            elif fault.kind == "shell_killed" and fault.at == "after" and request.operation == "Command":
                self.service.shells.remove(request.shell_id)  # what was executed is not answered with "no such shell"
            elif fault.kind in WORLD_KINDS:
                await self.happen(fault)
                outcome = replace(outcome, lost=outcome.lost or fault.kind == "host_reboot")
            else:
                outcome = replace(outcome, answer=self._answer(fault.kind, request, caller))
        return outcome

    def _answer(self, kind: str, request: Request, caller: Caller) -> Answer:
        status = _STATUSES.get(kind)
        if status is not None:
            return Answer(status, b"")
        if kind == "shell_killed":
            self.service.shells.remove(request.shell_id)
        settings = self.service.settings
        makers: dict[str, Callable[[], WsmanFault]] = {
            "wsman_500": lambda: internal_error("The WS-Management service cannot process the request. "),
            "timed_out": operation_timed_out,
            "quota_shells": lambda: too_many_shells(settings.max_shells_per_user),
            "quota_operations": lambda: concurrent_operations(settings.max_operations_per_user),
            "quota_users": too_many_users,
            "shell_killed": lambda: shell_gone(request.shell_id),
        }
        return self.service.refuse(makers[kind](), request, caller)


def command_words(request: Request, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """The names of the commands that a request starts or belongs to, in small letters.

    Args:
        request: a Command names them; other requests name their command's id.
        known: names by command id, filled by Commands that were seen here.
    """
    if request.operation == "Command":
        line = request.part("CommandLine")
        if line is None:
            return frozenset()
        words = [line.findtext(f"{_SHELL}Command") or ""]
        arguments = [part.text or "" for part in line.iterfind(f"{_SHELL}Arguments")]
        command_id = line.get("CommandId", "")
        words = _pipeline_words(arguments) if command_id and not words[0] else words + arguments
        names = frozenset(word.rpartition("\\")[2].strip('"').lower() for word in words if word)
        if command_id:
            known[command_id.upper()] = names
            if len(known) > _REMEMBERED:
                del known[next(iter(known))]
        return names
    if request.body is not None:
        for element in request.body.iter():
            command_id = element.get("CommandId", "")
            if command_id:
                return known.get(command_id.upper(), frozenset())
    return frozenset()


def _pipeline_words(arguments: Sequence[str]) -> list[str]:
    try:
        data = base64.b64decode(arguments[0]) if arguments else b""
        return peek_calls(data)
    except (ProtocolError, binascii.Error, ValueError):
        return []
