"""The control interface: HTTP with JSON on loopback, for tests and for people who watch the lab.

``GET /state``, ``GET /counters``, ``GET /faults``, ``GET /variants``; ``POST /clock``, ``/faults``, ``/variants``,
``/vms/{name}/move``, ``/vms/{name}/{start|stop}``, ``/vms/{name}/{key|upgrade}``,
``/hosts/{name}/{reboot|deactivate|activate}``, ``/hosts/{name}/upgrade``, ``/reset``; ``DELETE /faults``.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Protocol
from urllib.parse import unquote

from harness.sim.faults import Fault, FaultPlan
from harness.sim.http import Connection, HttpRequest, HttpResponse
from harness.sim.variants import REGISTER, UnknownVariantError
from harness.sim.world import NoSuchThingError

__all__ = ["Control", "ControlledLab"]

Json = dict[str, object]
_DURATION = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


class ControlledLab(Protocol):
    """What the control interface can do to a lab."""

    faults: FaultPlan

    def state(self) -> Json: ...
    def counters(self) -> Json: ...
    def variants(self) -> dict[str, str]: ...
    def choose(self, name: str, choice: str) -> None: ...
    def advance(self, delta: timedelta) -> str: ...
    def machines(self) -> list[str]: ...
    async def move(self, vm: str, node: str) -> None: ...
    async def vm_power(self, vm: str, *, running: bool) -> None: ...
    async def host_action(self, host: str, action: str) -> None: ...
    def install_key(self, vm: str, key: str) -> int: ...
    async def upgrade_vm(self, vm: str, release: str, key: str) -> None: ...
    async def upgrade_host(self, host: str, release: str) -> None: ...
    async def reset(self) -> None: ...


class _RequestError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def parse_duration(text: str) -> timedelta:
    """An xs:duration of days, hours, minutes and seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    parts = {name: float(value) for name, value in match.groupdict().items() if value} if match else {}
    if not parts:
        raise ValueError(f"{text!r} is no duration such as P8D or PT90M")
    return timedelta(**parts)


class Control:
    """Answers the requests of one control connection."""

    most_body = 1 << 20

    def __init__(self, lab: ControlledLab) -> None:
        self._lab = lab
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Awaitable[Json]]]] = [
            ("GET", re.compile("/state"), self._state),
            ("GET", re.compile("/counters"), self._counters),
            ("GET", re.compile("/faults"), self._show_faults),
            ("POST", re.compile("/faults"), self._set_faults),
            ("DELETE", re.compile("/faults"), self._clear_faults),
            ("GET", re.compile("/variants"), self._show_variants),
            ("POST", re.compile("/variants"), self._set_variants),
            ("POST", re.compile("/clock"), self._clock),
            ("POST", re.compile("/vms/([^/]+)/move"), self._move),
            ("POST", re.compile("/vms/([^/]+)/(start|stop)"), self._power),
            ("POST", re.compile("/vms/([^/]+)/key"), self._key),
            ("POST", re.compile("/vms/([^/]+)/upgrade"), self._upgrade_vm),
            ("POST", re.compile("/hosts/([^/]+)/upgrade"), self._upgrade_host),
            ("POST", re.compile("/hosts/([^/]+)/(reboot|deactivate|activate)"), self._host),
            ("POST", re.compile("/reset"), self._reset),
        ]

    def reads(self) -> bool:
        """See Responder."""
        return True

    def closed(self) -> None:
        """See Responder."""

    async def respond(self, request: HttpRequest, connection: Connection) -> HttpResponse:  # noqa: ARG002 - a Responder's
        """See Responder."""
        try:
            status, answer = 200, await self._answer(request)
        except _RequestError as error:
            status, answer = error.status, {"error": str(error)}
        except NoSuchThingError as error:
            status, answer = 404, {"error": str(error)}
        except (ValueError, UnknownVariantError) as error:
            status, answer = 400, {"error": str(error)}
        body = json.dumps(answer, ensure_ascii=False).encode()
        return HttpResponse(status, body, "application/json; charset=utf-8", close=True)

    async def _answer(self, request: HttpRequest) -> Json:
        path = unquote(request.path.partition("?")[0])
        known = False
        for method, pattern, action in self._routes:
            match = pattern.fullmatch(path)
            if match is not None and method == request.method:
                return await action(_body(request), *match.groups())
            known = known or match is not None
        raise _RequestError(405 if known else 404, f"{request.method} {path} is not part of the control interface")

    async def _state(self, _body: Json) -> Json:
        return self._lab.state()

    async def _counters(self, _body: Json) -> Json:
        return self._lab.counters()

    async def _show_faults(self, _body: Json) -> Json:
        plan = self._lab.faults
        pairs = zip(plan.faults, plan.counts, strict=True)
        return {"faults": [asdict(fault) | {"seen": count.seen, "struck": count.struck} for fault, count in pairs]}

    async def _set_faults(self, body: Json) -> Json:
        """``{"seed": 7, "count": 8}`` or ``{"faults": [{"kind": ...}]}``; what was in force goes."""
        if "seed" in body:
            made = FaultPlan.random(_integer(body["seed"]), self._lab.machines(), _integer(body.get("count", 8)))
            faults = list(made.faults)
        else:
            faults = [_fault(item) for item in _list(body.get("faults"), "faults")]
        self._lab.faults.clear()
        self._lab.faults.add(*faults)
        return await self._show_faults({})

    async def _clear_faults(self, _body: Json) -> Json:
        self._lab.faults.clear()
        return {"faults": []}

    async def _show_variants(self, _body: Json) -> Json:
        chosen = self._lab.variants()
        return {
            "variants": [
                {
                    "name": entry.name,
                    "question": entry.question,
                    "choices": dict(entry.choices),
                    "default": entry.default,
                    "source": entry.source,
                    "chosen": chosen[entry.name],
                }
                for entry in REGISTER.values()
            ]
        }

    async def _set_variants(self, body: Json) -> Json:
        """``{"renewal": "daily", ...}``: takes effect from the next thing that happens."""
        for name, choice in body.items():
            self._lab.choose(name, str(choice))
        return {"variants": self._lab.variants()}

    async def _clock(self, body: Json) -> Json:
        return {"now": self._lab.advance(parse_duration(str(body.get("advance", ""))))}

    async def _move(self, body: Json, vm: str) -> Json:
        await self._lab.move(vm, str(body.get("to", "")))
        return {"moved": vm, "to": body.get("to")}

    async def _power(self, _body: Json, vm: str, action: str) -> Json:
        await self._lab.vm_power(vm, running=action == "start")
        return {"vm": vm, "action": action}

    async def _key(self, body: Json, vm: str) -> Json:
        """Somebody in the guest installs a key; the answer is the guest's own, 0x00000000 for yes."""
        return {"vm": vm, "code": f"0x{self._lab.install_key(vm, str(body.get('key', ''))):08X}"}

    async def _upgrade_vm(self, body: Json, vm: str) -> Json:
        """Somebody runs setup in the guest, with /pkey."""
        await self._lab.upgrade_vm(vm, str(body.get("to", "")), str(body.get("key", "")))
        return {"vm": vm, "to": body.get("to")}

    async def _upgrade_host(self, body: Json, host: str) -> Json:
        """Somebody drains a host, upgrades it and takes it back; its own activation is as before."""
        await self._lab.upgrade_host(host, str(body.get("to", "")))
        return {"host": host, "to": body.get("to")}

    async def _host(self, _body: Json, host: str, action: str) -> Json:
        await self._lab.host_action(host, action)
        return {"host": host, "action": action}

    async def _reset(self, _body: Json) -> Json:
        await self._lab.reset()
        return {"reset": True}


def _body(request: HttpRequest) -> Json:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise _RequestError(400, f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise _RequestError(400, "the body is no JSON object")
    return body


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise _RequestError(400, f"{value!r} is no whole number")
    return value


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise _RequestError(400, f"{name} is no list")
    return value


def _fault(item: object) -> Fault:
    if not isinstance(item, dict):
        raise _RequestError(400, "a fault is an object")
    try:
        return Fault(**item)
    except TypeError as error:
        raise _RequestError(400, f"not a fault: {error}") from error
