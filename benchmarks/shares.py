"""Where a client's CPU time goes, by layer: the stack is looked at each time some CPU time has passed.

Sampling, not cProfile: a tracer would charge each of our small functions more than it charges a C parser.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable
from types import FrameType

from benchmarks.worker import Json

__all__ = ["LAYERS", "layer_of", "sampled"]

_EVERY = 0.001
LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what guests told (KVP)", ("/core/witnesses/kvp.py",)),
    ("sorting answers into records", ("/harness/windows/", "/harness/core/", "/harness/engine/")),
    ("reading CLIXML", ("/harness/remoting/decode.py", "/harness/remoting/_serializer.py")),
    ("HTTP and TLS", ("/harness/remoting/_wire.py", "/harness/remoting/_transport.py", "/harness/remoting/_auth.py")),
    ("writing the pipeline message", ("/harness/remoting/_pool.py", "/harness/remoting/_message.py")),
    ("pypsrp: writing the pipeline message", ("/pypsrp/serializer.py", "/pypsrp/messages.py")),
    ("pypsrp: envelopes and fragments", ("/pypsrp/", "/harness/remoting/")),
    ("store", ("/harness/store/", "/sqlalchemy/")),
)
"""A layer's name and the files that are it. A sample belongs to the innermost frame that is in any of them."""


def layer_of(files: list[str]) -> str:
    """The layer of a stack, given as its files from the innermost frame outwards."""
    for file in files:
        for name, places in LAYERS:
            if any(place in file for place in places):
                return name
    return "the rest"


def sampled(work: Callable[[], object]) -> Json:
    """Run ``work`` on this, the main thread.

    Returns:
        ``shares``: parts of one, by layer, of the CPU time; ``samples``; ``busy``: CPU time as a part of the time
        that passed, the rest being waiting.
    """
    found: Counter[str] = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        files = []
        while frame is not None:
            files.append(frame.f_code.co_filename.replace("\\", "/"))
            frame = frame.f_back
        found[layer_of(files)] += 1

    before = signal.signal(signal.SIGPROF, look)
    began, cpu = time.perf_counter(), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
    busy = (time.process_time() - cpu) / (time.perf_counter() - began)
    total = found.total() or 1
    return {"shares": {name: n / total for name, n in found.most_common()}, "samples": total, "busy": busy}
