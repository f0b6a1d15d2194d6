"""WS-Management as a WinRM service speaks it: envelopes, faults, shells, quotas (DSP0226, MS-WSMV)."""

from harness.sim.wsman._faults import (
    WsmanFault,
    concurrent_operations,
    internal_error,
    operation_timed_out,
    shell_gone,
    too_many_shells,
    too_many_users,
)
from harness.sim.wsman._identify import identify_response, is_identify
from harness.sim.wsman._request import Request, parse_request
from harness.sim.wsman._service import Answer, Surroundings, WsmanService, random_ids
from harness.sim.wsman._settings import Access, Limits
from harness.sim.wsman._shell import Caller, Shell

__all__ = [
    "Access",
    "Answer",
    "Caller",
    "Limits",
    "Request",
    "Shell",
    "Surroundings",
    "WsmanFault",
    "WsmanService",
    "concurrent_operations",
    "identify_response",
    "internal_error",
    "is_identify",
    "operation_timed_out",
    "parse_request",
    "random_ids",
    "shell_gone",
    "too_many_shells",
    "too_many_users",
]
