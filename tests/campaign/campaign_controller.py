"""The controller that gets killed: the product's own command line in a process of its own, forked to save its start-up.

Reads one JSON line for each run from stdin and answers with one on stdout when the run is over. ``arguments`` go to
``avma``; ``out`` gets stdout, ``err`` stderr, ``points`` the kill points that were reached. ``kill_at`` is the number
of the point to die at, ``kill_after`` a time in seconds after which the run is killed from outside.
"""

import json
import os
import select
import signal
import sys
import time
from typing import Any

from campaign_points import KillPoints, install

from harness.cli import main

_PRELOADED = ("harness.cli._run", "harness.cli._resume", "harness.cli._store")


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, let the child do what is ordered, and tell how it ended."""
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os._exit(_child(order))
    if order.get("kill_after") is not None:
        handle = os.pidfd_open(child)
        ready, _, _ = select.select([handle], [], [], order["kill_after"])
        if not ready:
            os.kill(child, signal.SIGKILL)
        os.close(handle)
    _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}


def _child(order: dict[str, Any]) -> int:
    for number, name in ((1, "out"), (2, "err")):
        target = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(target, number)
    os.environ.update(order.get("environment", {}))
    install(KillPoints(order["points"], order.get("kill_at")))
    code = main(order["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve() -> None:
    """Until stdin ends."""
    for name in _PRELOADED:
        __import__(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
