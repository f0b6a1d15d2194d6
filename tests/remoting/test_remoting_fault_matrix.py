"""Every kind of fault at every step of a session: in time, told as what it is, and true about what was done.

The figures W1 and W2 of `make gates` come from here: how many pairs of a fault and a step of the protocol were met, and
how many operations outlived their deadline by two seconds.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from remoting_lab import ADDRESS, CREDENTIAL, Lab

from harness.core.errors import HarnessError, Sent, TransportError
from harness.remoting import Statement, cmd, open_powershell, open_shell
from harness.sim.faults import KINDS, Fault

Figure = Callable[[str, float, str], None]

DEADLINE, LATE = 0.6, 2.0
FOREVER = 30.0
"""Seconds of a stalled request: longer than anybody waits."""
POWERSHELL = ("Create", "Receive", "Command", "Receive:Write-Output", "Delete")
SHELL = ("Create", "Command", "Receive", "Signal", "Delete")
LIKE_STALL = dict.fromkeys(("latency", "drip"), ("Command", "Receive"))
"""Kinds that are waited for like a stall: two steps are enough."""
NEEDS_A_WORLD = {"vm_moved", "clock_jump"}


@dataclass(frozen=True)
class Outcome:
    """How one operation ended: its error if it had one, its seconds, and how often the machine ran the command."""

    error: HarnessError | None
    seconds: float
    executed: int


def faults(steps: tuple[str, ...]) -> Iterator[Fault]:
    """Each kind at each phase it knows: once for the connection, and for every step of the session."""
    for kind in KINDS.keys() - NEEDS_A_WORLD:
        for phase in KINDS[kind]:
            if phase in {"connect", "unread"}:
                yield Fault(kind, phase, seconds=FOREVER if kind == "stall" else 0)
                continue
            for step in LIKE_STALL.get(kind, steps):
                slow = kind == "stall" or kind in LIKE_STALL
                yield Fault(kind, phase, action=step, seconds=FOREVER if slow else 0)


def powershell(lab: Lab) -> Outcome:
    session = open_powershell(lab.connection(), CREDENTIAL, target="hv01")
    return timed(
        lambda: session.run([Statement((cmd("Write-Output", "done"),))], seconds=DEADLINE),
        session.close,
        lambda: len(lab.machine.invocations),
    )


def shell(lab: Lab) -> Outcome:
    session = open_shell(lab.connection(), CREDENTIAL, target="hv01")
    return timed(
        lambda: session.run("echo", ["done"], seconds=DEADLINE), session.close, lambda: len(lab.machine.programs)
    )


def timed(run: Callable[[], object], close: Callable[[], object], executed: Callable[[], int]) -> Outcome:
    error, began = None, time.monotonic()
    try:
        run()
    except HarnessError as caught:
        error = caught
    seconds = time.monotonic() - began
    done = executed()
    close()
    return Outcome(error, max(seconds, time.monotonic() - began - DEADLINE), done)


def listening(lab: Lab) -> None:
    """Wait until the machine is back."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            socket.create_connection((ADDRESS, lab.http_port), 5).close()
            return
        time.sleep(0.01)
    raise AssertionError("the machine does not come back")


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("operate", "steps"), [(powershell, POWERSHELL), (shell, SHELL)], ids=["powershell", "shell"])
def test_no_fault_at_any_step_is_late_or_lies_about_what_was_done(
    lab: Lab, figure: Figure, operate: Callable[[Lab], Outcome], steps: tuple[str, ...]
) -> None:
    met, late, wrong = set(), [], []
    for fault in faults(steps):
        lab.reset()
        listening(lab)
        lab.strike(fault)
        outcome = operate(lab)
        count = lab.on_loop(lambda: lab.server.faults.counts[0])
        if count.struck or count.seen:
            met.add((fault.kind, fault.at, fault.action))
        if outcome.seconds > DEADLINE + LATE:
            late.append((fault, outcome))
        if lie := untrue(outcome):
            wrong.append((lie, fault, outcome))
    figure("W1", len(met), f"faults at steps of a {operate.__name__} session that were met")
    figure("W2", len(late), f"{operate.__name__} operations under each of these faults")
    assert late == []
    assert wrong == []
    assert len(met) > 100


def untrue(outcome: Outcome) -> str:
    """What an outcome says against what the machine did."""
    error = outcome.error
    if outcome.executed > 1:
        return "executed twice"
    if error is None:
        return "" if outcome.executed == 1 else "a result of nothing"
    if not error.message or not isinstance(error, TransportError):
        return "no transport error with a sentence"
    if error.sent is Sent.NO and outcome.executed:
        return "said that nothing was sent"
    if error.sent is Sent.YES and not outcome.executed:
        return "said that it was sent"
    return ""
