"""Injected faults: what each kind at each phase looks like from outside, and whether the machine had worked by then."""

import asyncio
import inspect
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, SSLError
from requests.exceptions import ConnectionError as ConnectionLost
from sim_protocol_lab import PASSWORD, USER, Lab, LoopThread, start_lab
from sim_wire import PoolClient, Wire

from harness.sim.faults import KINDS, PHASES, Fault, FaultPlan

Serve = Callable[..., Lab]
BROKEN = (ConnectionLost, ChunkedEncodingError, ContentDecodingError)


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def lab(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Lab]:
    lab = start_lab(loop_thread, tmp_path)
    yield lab
    lab.close()


def invoke(lab: Lab, *faults: Fault, **options: Any) -> list[object]:
    """Open a pool, put the faults into force, run one pipeline."""
    options.setdefault("secure", False)
    pool = RunspacePool(lab.wsman(**options))
    pool.open()
    lab.server.faults.add(*faults)
    try:
        shell = PowerShell(pool)
        shell.add_cmdlet("Write-Output").add_argument("done")
        return shell.invoke()
    finally:
        lab.server.faults.clear()
        with suppress(WinRMError, *BROKEN, AttributeError):
            pool.close()


def executed(lab: Lab) -> int:
    return len(lab.machine.seen)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize(("phase", "worked"), [("unread", 0), ("before", 0), ("after", 1)])
def test_a_reset_drops_the_connection_and_only_after_execution_the_work_is_done(
    lab: Lab, phase: str, worked: int, auth: str
) -> None:
    action = None if phase == "unread" else "Command"
    with pytest.raises(BROKEN):
        invoke(lab, Fault("reset", phase, action=action), auth=auth)
    assert executed(lab) == worked


def test_a_command_named_in_a_pipeline_loses_its_answer_and_no_other_does(lab: Lab) -> None:
    fault = Fault("reset", "after", action="Write-Output")
    lab.server.faults.add(Fault("reset", "after", action="Set-VMAutomaticActivation"))
    assert invoke(lab) == ["done"]
    with pytest.raises(BROKEN):
        invoke(lab, fault)
    assert executed(lab) == 2


def test_the_receives_of_a_named_command_can_be_lost(lab: Lab) -> None:
    with pytest.raises(BROKEN):
        invoke(lab, Fault("reset", "after", action="Receive:Write-Output"))
    assert lab.counters.requests["Receive"] == 3


def test_a_program_is_named_by_any_word_of_its_command_line(lab: Lab) -> None:
    from pypsrp.shell import Process, WinRS

    lab.server.faults.add(Fault("http_500", "after", action="/ipk"))
    with WinRS(lab.wsman()) as shell:
        Process(shell, "cscript.exe", ["//nologo", "C:\\Windows\\System32\\slmgr.vbs", "/dlv"]).invoke()
        with pytest.raises(WinRMTransportError):
            Process(shell, "cscript.exe", ["//nologo", "slmgr.vbs", "/ipk", "KEY"]).invoke()
    assert [program.arguments[2] for program in lab.machine.programs] == ["/dlv", "/ipk"]


@pytest.mark.parametrize(("kind", "status"), [("http_400", 400), ("http_500", 500), ("http_503", 503)])
@pytest.mark.parametrize(("phase", "worked"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_bare_status_reaches_the_client(
    lab: Lab, *, kind: str, status: int, phase: str, worked: int, auth: str
) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        invoke(lab, Fault(kind, phase, action="Command"), auth=auth)
    assert caught.value.code == status
    assert executed(lab) == worked


@pytest.mark.parametrize(("phase", "worked"), [("before", 0), ("after", 1)])
def test_a_401_in_the_middle_of_a_session_is_an_authentication_error(lab: Lab, phase: str, worked: int) -> None:
    with pytest.raises(AuthenticationError):
        invoke(lab, Fault("unauthorized", phase, action="Command", times=3))
    assert executed(lab) == worked


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("wsman_500", 2150858752),
        ("timed_out", 2150858793),
        ("quota_shells", "w:QuotaLimit"),
        ("quota_operations", "w:InternalError"),
        ("quota_users", "w:QuotaLimit"),
        ("shell_killed", 2150858843),
    ],
)
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_fault_envelope_reaches_the_client_and_nothing_was_executed(
    lab: Lab, kind: str, code: object, auth: str
) -> None:
    with pytest.raises(WSManFaultError) as caught:
        invoke(lab, Fault(kind, "before", action="Command"), auth=auth)
    assert caught.value.code == code
    assert executed(lab) == 0


def test_a_killed_shell_is_gone_for_good(lab: Lab) -> None:
    with RunspacePool(lab.wsman(secure=False)) as pool:
        lab.server.faults.add(Fault("shell_killed", action="Command"))
        for _ in range(2):
            shell = PowerShell(pool)
            shell.add_cmdlet("Write-Output")
            with pytest.raises(WSManFaultError) as caught:
                shell.invoke()
            assert caught.value.code == 2150858843
        pool.state = 3


@pytest.mark.parametrize(("phase", "worked"), [("before", 0), ("after", 1)])
def test_a_service_restart_ends_shells_and_connections(lab: Lab, phase: str, worked: int) -> None:
    with pytest.raises(BROKEN):
        invoke(lab, Fault("service_restart", phase, action="Command"))
    assert lab.server.open_shells(lab.machine.name) == 0
    assert executed(lab) == worked
    assert invoke(lab) == ["done"]


@pytest.mark.parametrize(("kind", "phase"), [("stall", "before"), ("stall", "after"), ("latency", "before")])
def test_a_stall_takes_its_time_and_no_more(lab: Lab, kind: str, phase: str) -> None:
    began = time.monotonic()
    assert invoke(lab, Fault(kind, phase, action="Command", seconds=0.3)) == ["done"]
    assert 0.3 <= time.monotonic() - began < 3


@pytest.mark.parametrize("ending", ["restart_service", "kill_shells", "power_off"])
def test_a_request_that_is_held_back_while_all_shells_end_is_never_executed(lab: Lab, ending: str) -> None:
    lab.server.faults.add(Fault("stall", "before", action="Create", seconds=0.5))
    wire = Wire(lab.address, lab.http_port)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(wire.create_pool, PoolClient())
        while not lab.server.faults.counts[0].struck:
            time.sleep(0.01)
        lab.thread.run(_end(lab, ending))
        with pytest.raises((ConnectionError, HTTPException)):
            held.result(10)
    wire.close()
    lab.thread.run(asyncio.sleep(0.6))
    assert lab.counters.requests["Create"] == 0
    assert lab.counters.shells == 0


async def _end(lab: Lab, ending: str) -> None:
    ended = getattr(lab.server, ending)(lab.machine.name)
    if inspect.isawaitable(ended):
        await ended


def test_a_dripping_answer_arrives_whole_but_slowly(lab: Lab) -> None:
    began = time.monotonic()
    assert invoke(lab, Fault("drip", action="Receive", seconds=0.4)) == ["done"]
    assert time.monotonic() - began >= 0.3


def test_a_truncated_answer_is_a_broken_one(lab: Lab) -> None:
    with pytest.raises(BROKEN):
        invoke(lab, Fault("truncated", action="Command"))
    assert executed(lab) == 1


def test_a_duplicated_answer_is_two_answers_on_the_wire(lab: Lab) -> None:
    lab.server.faults.add(Fault("duplicated", action="Get"))
    request = requests.Request("POST", lab.url(secure=False), data=CONFIG, auth=(USER, PASSWORD)).prepare()
    lines = "\r\n".join(f"{name}: {value}" for name, value in request.headers.items())
    with socket.create_connection((lab.address, lab.http_port), 10) as plain:
        plain.sendall(f"POST /wsman HTTP/1.1\r\nHost: h\r\n{lines}\r\n\r\n{CONFIG}".encode())
        received = b""
        while received.count(b"</s:Envelope>") < 2:
            received += plain.recv(65536)
    assert received.count(b"HTTP/1.1 200 OK") == 2


CONFIG = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
    "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action><a:MessageID>uuid:1</a:MessageID>"
    "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/config</w:ResourceURI></s:Header><s:Body/></s:Envelope>"
)


def test_a_reset_at_connect_lets_nothing_through(lab: Lab) -> None:
    lab.server.faults.add(Fault("reset", "connect"))
    with pytest.raises(BROKEN):
        RunspacePool(lab.wsman(secure=False)).open()
    assert lab.counters.requests == {}


def test_a_stall_at_connect_delays_the_first_answer(lab: Lab) -> None:
    lab.server.faults.add(Fault("stall", "connect", seconds=0.3))
    began = time.monotonic()
    with RunspacePool(lab.wsman()):
        assert time.monotonic() - began >= 0.3


def test_a_tls_failure_is_told_by_tls_itself(lab: Lab) -> None:
    lab.server.faults.add(Fault("tls_failure"))
    with pytest.raises(SSLError):
        RunspacePool(lab.wsman()).open()
    with RunspacePool(lab.wsman()):
        assert lab.server.faults.counts[0].struck == 1


def test_a_refusal_closes_the_ports_until_its_time_is_over(lab: Lab) -> None:
    lab.server.faults.add(Fault("refuse", seconds=0.4))
    lab.thread.run(_turn())
    for port in (lab.http_port, lab.https_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((lab.address, port), 5)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            socket.create_connection((lab.address, lab.http_port), 5).close()
            break
        time.sleep(0.02)
    assert invoke(lab) == ["done"]


def test_a_refusal_without_an_end_lasts_until_the_plan_is_cleared(lab: Lab) -> None:
    lab.server.faults.add(Fault("refuse", machine="echo"))
    lab.thread.run(_turn())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab.address, lab.http_port), 5)
    lab.server.faults.clear()
    lab.thread.run(_turn())
    assert invoke(lab) == ["done"]


def test_a_refusal_of_another_machine_does_not_concern_this_one(lab: Lab) -> None:
    lab.server.faults.add(Fault("refuse", machine="other"))
    lab.thread.run(_turn())
    socket.create_connection((lab.address, lab.http_port), 5).close()


async def _turn() -> None:
    """Let the loop do what was scheduled."""
    import asyncio

    for _ in range(5):
        await asyncio.sleep(0)


def test_a_machine_that_is_powered_off_refuses_and_comes_back_empty(lab: Lab) -> None:
    pool = RunspacePool(lab.wsman(secure=False))
    pool.open()
    lab.thread.run(lab.server.power_off(lab.machine.name))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((lab.address, lab.http_port), 5)
    lab.thread.run(lab.server.power_on(lab.machine.name))
    assert lab.server.open_shells(lab.machine.name) == 0
    assert invoke(lab) == ["done"]
    pool.state = 3


def test_added_latency_counts_for_each_request(lab: Lab) -> None:
    lab.thread.loop.call_soon_threadsafe(lab.server.set_latency, 0.1)
    began = time.monotonic()
    assert invoke(lab) == ["done"]
    assert time.monotonic() - began >= 0.1 * sum(lab.counters.requests.values()) * 0.95


@pytest.mark.parametrize("kind", ["reset", "refuse"])
def test_a_fault_waits_until_its_time_has_come(lab: Lab, kind: str) -> None:
    lab.server.faults.add(Fault(kind, start=0.4))
    began = time.monotonic()
    lab.thread.run(asyncio.sleep(0.05))
    socket.create_connection((lab.address, lab.http_port), 5).close()
    assert invoke_once(lab) == 401
    while time.monotonic() < began + 0.45:
        time.sleep(0.01)
    with pytest.raises(ConnectionLost):
        invoke_once(lab)


def invoke_once(lab: Lab) -> int:
    return requests.post(lab.url(secure=False), timeout=5).status_code


def test_a_fault_that_waits_counts_nothing_before_its_time() -> None:
    now = [100.0]
    plan = FaultPlan([Fault("reset", "before", after=1, start=10)], clock=lambda: now[0])
    seen = []
    for now[0] in (100.0, 109.9, 110.0, 110.1, 111.0):
        seen.append(len(plan.match("HV01", "before", "Receive")))
    assert seen == [0, 0, 0, 1, 0]
    assert plan.next_refusal() is None
    plan.add(Fault("refuse", start=5), Fault("refuse", start=3))
    assert plan.next_refusal() == 3
    now[0] += 4
    assert plan.next_refusal() == 1
    assert len(plan.refusals("HV01")) == 1


def test_a_fault_passes_its_first_matches_and_strikes_as_often_as_it_says() -> None:
    plan = FaultPlan([Fault("reset", "before", "HV01", "Receive", after=1, times=2)])
    struck = [bool(plan.match("hv01", "before", "Receive")) for _ in range(5)]
    assert struck == [False, True, True, False, False]
    assert (plan.counts[0].seen, plan.counts[0].struck) == (5, 2)


@pytest.mark.parametrize(
    ("machine", "phase", "verb", "commands"),
    [
        ("HV02", "before", "Receive", ()),
        ("HV01", "after", "Receive", ()),
        ("HV01", "before", "Send", ()),
        ("HV01", "before", "", ()),
    ],
)
def test_a_fault_that_is_meant_for_another_request_does_not_strike(
    machine: str, phase: str, verb: str, commands: tuple[str, ...]
) -> None:
    plan = FaultPlan([Fault("reset", "before", "HV01", "Receive")])
    assert plan.match(machine, phase, verb, commands) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_refuses_phases_that_make_no_sense_for_it(kind: str) -> None:
    for phase in PHASES:
        if phase in KINDS[kind]:
            assert Fault(kind, phase).at == phase
        else:
            with pytest.raises(ValueError, match="strikes at"):
                Fault(kind, phase)


def test_a_seeded_plan_is_the_same_for_the_same_seed_and_valid_for_every_seed() -> None:
    names = ["HV01", "HV02"]
    assert FaultPlan.random(7, names).faults == FaultPlan.random(7, names).faults
    kinds = {fault.kind for seed in range(200) for fault in FaultPlan.random(seed, names).faults}
    assert kinds == set(KINDS) - {"refuse"}
