"""The front door of a machine: for each connection, from an HTTP request to the service and back.

Here authentication, message encryption, faults and the service meet; each is in a room of its own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from harness.sim._counters import MachineCounters, TraceEntry
from harness.sim._spoil import Outcome, Spoiler, command_words
from harness.sim.auth import Admitted, Scheme, SealBroken, Turned
from harness.sim.faults import Fault, FaultPlan
from harness.sim.http import Connection, Delivery, HttpRequest, HttpResponse
from harness.sim.machine import Machine
from harness.sim.wsman import (
    Access,
    Answer,
    Caller,
    Limits,
    Request,
    WsmanFault,
    WsmanService,
    identify_response,
    is_identify,
    parse_request,
)

__all__ = ["Front", "House"]

_PATHS = frozenset({"/wsman", "/wsman/", "/wsman-anon/identify"})
_SOAP = "application/soap+xml;charset=UTF-8"


@dataclass(slots=True)
class House:
    """All that the connections of one machine share."""

    machine: Machine
    service: WsmanService
    limits: Limits
    access: Access
    counters: MachineCounters
    trace: deque[TraceEntry]
    faults: FaultPlan
    happen: Callable[[Fault], Awaitable[None]]
    latency: float = 0.0
    unreadable: Callable[[], str] = lambda: "bad_request"
    connections: set[Connection] = field(default_factory=set)
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    endings: int = 0

    def end_shells(self) -> int:
        """End all shells; how many. A request that a fault holds back meanwhile is not executed any more."""
        self.endings += 1
        return self.service.shells.remove_where(lambda _: True)

    def restart(self) -> None:
        """Restart the WinRM service: shells and connections end."""
        self.end_shells()
        for connection in list(self.connections):
            connection.reset()


class Front:
    """Answers the requests of one connection."""

    def __init__(self, house: House, schemes: Callable[[Connection], Sequence[Scheme]], *, secure: bool) -> None:
        self._house = house
        self._make_schemes = schemes
        self._schemes: Sequence[Scheme] = ()
        self._secure = secure
        self._connection: Connection | None = None
        self.most_body = house.limits.max_envelope_kb * 1024 * 2

    def attach(self, connection: Connection) -> None:
        """Tell it its connection, once that exists."""
        self._connection = connection
        self._house.connections.add(connection)
        self._house.counters.connections += 1

    def reads(self) -> bool:
        """See Responder."""
        return not self._house.faults.match(self._house.machine.name, "unread")

    def closed(self) -> None:
        """See Responder."""
        if self._connection is not None:
            self._house.connections.discard(self._connection)

    async def respond(self, request: HttpRequest, connection: Connection) -> HttpResponse | None:
        """See Responder."""
        if self._house.latency:
            await asyncio.sleep(self._house.latency)
        if len(self._house.connections) > self._house.limits.max_connections:
            return HttpResponse(503, close=True)
        if request.path.lower() not in _PATHS:
            return HttpResponse(404, close=True)
        if "wsmanidentify" in request.headers:
            return HttpResponse(200, self._identify(authenticated=False))
        if not self._schemes:
            self._schemes = self._make_schemes(connection)
        verdict = self._judge(request)
        if isinstance(verdict, Turned):
            return self._unauthorized(verdict)
        return await self._admitted(request, connection, verdict)

    def _judge(self, request: HttpRequest) -> Admitted | Turned:
        for scheme in self._schemes:
            verdict = scheme.judge(request)
            if verdict is not None:
                return verdict
        return Turned()

    def _unauthorized(self, verdict: Turned) -> HttpResponse:
        self._house.counters.unauthorized += 1
        if verdict.challenge is not None:
            headers: tuple[tuple[str, str], ...] = (("WWW-Authenticate", verdict.challenge),)
        else:
            offered = [scheme.offer for scheme in self._schemes if scheme.offer]
            headers = tuple(("WWW-Authenticate", offer) for offer in offered)
        return HttpResponse(401, headers=headers, close=verdict.close)

    def _identify(self, *, authenticated: bool) -> bytes:
        self._house.counters.requests["Identify"] += 1
        machine = self._house.machine
        stack = "2.0" if machine.protocol_version == "2.1" else "3.0"
        return identify_response(machine.os_version, reveal=authenticated, stack=stack)

    async def _admitted(self, request: HttpRequest, connection: Connection, verdict: Admitted) -> HttpResponse | None:
        """Serve an authenticated request: open its body, execute it, close the answer."""
        if not request.body:
            return HttpResponse(200, headers=verdict.headers)
        content_type = request.headers.get("content-type", "")
        sealed = content_type.lower().startswith("multipart/")
        body = request.body
        if sealed:
            if verdict.sealer is None:
                return HttpResponse(400, headers=verdict.headers, close=True)
            try:
                body = verdict.sealer.open(content_type, body)
            except SealBroken:
                return self._unreadable(verdict)
        elif not self._secure and not self._house.access.allow_unencrypted:
            # the client saw a 500 here until AllowUnencrypted was set; that its body is empty is not recorded
            return HttpResponse(500, headers=verdict.headers)
        outcome = await self._execute(body, request, connection, verdict)
        if outcome is None:
            return None
        answer, delivery = outcome
        if answer.status == 401:
            return self._unauthorized(Turned())
        answer_type, payload = _SOAP, answer.body
        if sealed and verdict.sealer is not None and payload:
            answer_type, payload = verdict.sealer.close(payload)
        return HttpResponse(
            answer.status, payload, answer_type, verdict.headers, close=answer.status == 503, delivery=delivery
        )

    def _unreadable(self, verdict: Admitted) -> HttpResponse | None:
        choice = self._house.unreadable()
        if choice == "reset":
            return None
        if choice == "unauthorized":
            return self._unauthorized(Turned(close=True))
        return HttpResponse(400, headers=verdict.headers, close=True)

    async def _execute(
        self, body: bytes, request: HttpRequest, connection: Connection, verdict: Admitted
    ) -> tuple[Answer, Delivery] | None:
        if is_identify(body):
            return Answer(200, self._identify(authenticated=True)), Delivery()
        scheme = "https" if self._secure else "http"
        url = f"{scheme}://{request.host}{request.path}"
        caller = Caller(verdict.account, connection.peer, url, lambda: connection.lost)
        service = self._house.service
        try:
            parsed = parse_request(body)
        except WsmanFault as fault:
            parsed = Request.of(fault)
            answer = service.refuse(fault, parsed, caller)
            self._note(parsed, answer)
            return answer, Delivery()
        return await self._with_faults(parsed, caller)

    async def _with_faults(self, request: Request, caller: Caller) -> tuple[Answer, Delivery] | None:
        if not self._house.faults:
            answer = await self._house.service.answer(request, caller)
            self._note(request, answer)
            return answer, Delivery()
        endings = self._house.endings
        before = await self._strike("before", request, caller)
        if endings != self._house.endings and not before.lost:
            return None
        after = Outcome()
        spoken = before.answer
        if spoken is None and not before.lost:
            spoken = await self._house.service.answer(request, caller)
            await self._house.service.let_run(request, caller)
            after = await self._strike("after", request, caller)
        answer = after.answer or spoken or Answer(0, b"")
        self._note(request, answer)
        return None if before.lost or after.lost else (answer, after.delivery)

    async def _strike(self, phase: str, request: Request, caller: Caller) -> Outcome:
        house = self._house
        words = command_words(request, house.words) if house.faults.names_commands else ()
        struck = house.faults.match(house.machine.name, phase, request.operation, words)
        return await Spoiler(house.service, house.restart, house.happen).strike(struck, request, caller)

    def _note(self, request: Request, answer: Answer) -> None:
        house = self._house
        operation = request.operation or "Unknown"
        house.counters.requests[operation] += 1
        house.trace.append(
            TraceEntry(house.machine.name, operation, request.shell_id, request.size, answer.status, len(answer.body))
        )
