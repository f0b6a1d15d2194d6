"""gather, plan, apply, verify: lanes, deadlines, retry classes, journal, and one typed event stream."""

from harness.engine._capture import Capture, capture
from harness.engine._clock import Clock, SystemClock
from harness.engine._context import RunContext
from harness.engine._hold import HostHold, holder_of, longest_operation
from harness.engine._record import RunRecord, read_plan, read_record, write_record
from harness.engine._run import Run
from harness.engine._sessions import Openers, SessionBook
from harness.engine._usage import Look, observe
from harness.engine._watch import watch

__all__ = [
    "Capture",
    "Clock",
    "HostHold",
    "Look",
    "Openers",
    "Run",
    "RunContext",
    "RunRecord",
    "SessionBook",
    "SystemClock",
    "capture",
    "holder_of",
    "longest_operation",
    "observe",
    "read_plan",
    "read_record",
    "watch",
    "write_record",
]
