"""Any command with any arguments and any input answers, reports or refuses; it never breaks the lab."""

import contextlib
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sim_world_lab import InMemoryLab, command
from sim_world_topologies import guest, host, lab, node

from harness.sim.cmdlets import available_commands
from harness.sim.cmdlets._binding import COMMON
from harness.sim.machine import Call, Parameter, TerminatingError
from harness.sim.objects import Enum, Obj, Secure
from harness.sim.variants import Variants

MODULES = ["Hyper-V", "FailoverClusters", "ServerAVMAManager", "AzureStackHCI", "Az.StackHCI"]
COMMANDS = available_commands(MODULES, Variants())
NASTY = "a\ud800b_x0000_\x00\x1b[31m\u202e'\"$(1)`n%windir%"
CREDENTIAL = Obj(("System.Management.Automation.PSCredential",), {"UserName": NASTY, "Password": Secure(NASTY)})
KEYS = st.sampled_from(["LogName", "Id", "n", "e", ""])
VALUES = st.recursive(
    st.sampled_from(
        [
            None, True, False, 0, 1, -1, 2**31, 0.5, "", "*", "[", "vm", "HV1", "N1", "Application", NASTY,
            "SELECT * FROM SoftwareLicensingProduct WHERE ID LIKE '%[a'", "*[System[EventID=", "root/virtualization/v2",
            "SoftwareLicensingService", "InstallProductKey", "2026-11-22", "2026-13-45", "Application*",
            r"HKLM:\SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters", UUID(int=5), Enum("T", "Name", 7), CREDENTIAL,
        ]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


@st.composite
def calls(draw: st.DrawFn) -> Call:
    chosen = COMMANDS[draw(st.sampled_from(sorted(set(COMMANDS) - {"start-sleep"})))]
    names = [spec.name for spec in chosen.parameters] + [spec.name for spec in COMMON]
    named = [Parameter(draw(st.sampled_from(names)), draw(VALUES)) for _ in range(draw(st.integers(0, 3)))]
    positional = [Parameter(None, draw(VALUES)) for _ in range(draw(st.integers(0, 2)))]
    return Call(chosen.name, (*named, *positional))


def fresh() -> InMemoryLab:
    guests = [guest("vm", key="avma", licensed=True), guest("off", "2019", state="off", data_exchange="off")]
    return lab(host("HV1", guests=guests), nodes=(node("N1", az_module=True, guests=[guest("azure")]),))


SHARED = fresh()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    where=st.sampled_from(["HV1", "N1", "vm"]),
    chain=st.lists(calls(), min_size=1, max_size=3),
    given_input=st.lists(VALUES, max_size=2),
    administrator=st.booleans(),
)
def test_a_statement_of_anything_ends_in_output_errors_or_a_refusal(
    where: str, chain: list[Call], given_input: list[object], administrator: bool
) -> None:
    with contextlib.suppress(TerminatingError):
        SHARED.ask(where, *chain, administrator=administrator, given=given_input)


@settings(max_examples=200, deadline=None)
@given(line=st.text(alphabet='cscript /\\"%&|>nul slmgr.vbs dlv ipk echo ver \x00é', max_size=60))
def test_any_command_line_comes_to_an_end(line: str) -> None:
    if any(word in line.casefold() for word in ("slmgr", "wscript")):
        line = f"cscript //nologo {line}"
    SHARED.run("vm", line)


def test_the_lab_still_works_after_all_that() -> None:
    assert fresh().ask("HV1", command("Get-VM")).values
