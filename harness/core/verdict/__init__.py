"""What is true of each host and guest, with the witnesses that say so and the cause where it is not activated.

Pure: facts in, verdicts out. The rules stand in a table (``RULES``), the sentences in causes.toml. The planner asks the
same questions of a guest through ``cases_of`` and the tests in ``harness.core.verdict.obstacles``.
"""

from harness.core.verdict._agreement import RULES, Rule
from harness.core.verdict._causes import CauseRow, CauseTable, causes, code_reason, reason
from harness.core.verdict._fabric import judge
from harness.core.verdict._guests import guest_verdict
from harness.core.verdict._hosts import AZURE, HostGrant, coverage, grant_of, host_verdict, part_error
from harness.core.verdict._identity import says_no_windows
from harness.core.verdict.cases import GuestCase, cases_of
from harness.core.verdict.licences import method_name, method_of, status_name

__all__ = [
    "AZURE",
    "RULES",
    "CauseRow",
    "CauseTable",
    "GuestCase",
    "HostGrant",
    "Rule",
    "cases_of",
    "causes",
    "code_reason",
    "coverage",
    "grant_of",
    "guest_verdict",
    "host_verdict",
    "judge",
    "method_name",
    "method_of",
    "part_error",
    "reason",
    "says_no_windows",
    "status_name",
]
