"""What a lab test leaves in reports, and what its failure says of its hosts. PYTEST_DONT_REWRITE"""

from collections.abc import Generator

import pytest

from harness.pytest_plugin._options import chosen
from harness.pytest_plugin._stash import TRIAL

__all__: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A host that failed a test by infrastructure is quarantined; what the test saw stands beside its failure."""
    report = yield
    if TRIAL not in item.stash or not report.failed:
        return report
    trial, folder = item.stash[TRIAL]
    if call.excinfo is not None and report.when != "teardown":
        trial.blame(call.excinfo.value, item.nodeid)
    report.sections.append(("lab events", "\n".join(folder.lines)))
    report.sections.append(("lab artifacts", str(folder.path)))
    return report


def pytest_report_header(config: pytest.Config) -> str | None:
    """The lab in use."""
    inventory, topology = chosen(config)
    seed = config.getoption("--lab-seed")
    return f"lab: {inventory}" if inventory else f"lab: simulated, {topology}, seed {seed}" if topology else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why lab tests were skipped, without having to ask for it."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith("lab: "):
            reasons[reason] = reasons.get(reason, 0) + 1
    for reason, number in reasons.items():
        terminalreporter.write_line(f"{number} skipped: {reason}", yellow=True)
