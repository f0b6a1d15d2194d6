"""DISM in the simulated lab: which edition may become which, with which key, and what a restart brings."""

import pytest
from sim_world_topologies import guest, host, lab

from harness.core.catalogue import avma_key
from harness.sim.world import VmState

RULES = [
    # edition, core, evaluation, domain controller, targets
    ("Standard", False, True, False, ["ServerStandard", "ServerDatacenter"]),
    ("Standard", True, True, False, ["ServerDatacenterCor"]),
    ("Datacenter", False, True, False, ["ServerDatacenter"]),
    ("Datacenter", True, True, False, ["ServerDatacenterCor"]),
    ("Standard", False, False, False, ["ServerDatacenter"]),
    ("Standard", True, False, False, ["ServerDatacenterCor"]),
    ("Datacenter", False, False, False, []),
    ("Essentials", False, False, False, []),
    ("Standard", False, True, True, []),
]
KEYS = {edition: avma_key("2022", edition).key for edition in ("Standard", "Datacenter")}


def one(edition="Standard", *, core=False, evaluation=True, controller=False):
    kind = {"os_core": core, "os_evaluation": evaluation, "os_domain_controller": controller}
    key = {"key": "evaluation", "licensed": True} if evaluation else {"key": "none"}
    release = "2019" if edition == "Essentials" else "2022"
    return lab(host("HV1", guests=[guest("vm", release, edition, **kind, **key)]))


def order(found, target, key, **more):
    return found.run("vm", f"dism.exe /online /Set-Edition:{target} /ProductKey:{key} /AcceptEula /NoRestart", **more)


@pytest.mark.parametrize(("edition", "core", "evaluation", "controller", "targets"), RULES)
def test_an_edition_may_become_what_microsoft_says(edition, core, evaluation, controller, targets):
    found = one(edition, core=core, evaluation=evaluation, controller=controller)
    told = found.run("vm", "dism /online /Get-TargetEditions").stdout.decode()
    assert [line.split(" : ")[1] for line in told.splitlines() if line.startswith("Target")] == targets


def test_the_current_edition_is_named_as_dism_does():
    assert (
        b"Current Edition : ServerStandardEvalCor"
        in one(core=True).run("vm", "dism /online /Get-CurrentEdition").stdout
    )


def test_an_ordered_edition_comes_with_a_restart_and_brings_its_key():
    found = one()
    answer = order(found, "serverdatacenter", KEYS["Datacenter"])
    vm = found.vm("vm")
    assert (answer.exit_code, vm.windows.os.evaluation) == (3010, True)
    assert found.activity["vm"].state_changing == 1
    found.world.set_state(vm, VmState.Off)
    found.world.set_state(vm, VmState.Running)
    assert (vm.windows.os.edition, vm.windows.os.evaluation) == ("Datacenter", False)
    assert vm.windows.licence.key.text == KEYS["Datacenter"]
    assert vm.windows.licence.licensed


@pytest.mark.parametrize(
    ("target", "key", "code"),
    [
        ("ServerStandard", KEYS["Datacenter"], 1605),
        ("ServerStandard", "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", 1605),
        ("ServerStandardCor", KEYS["Standard"], 50),
        ("Professional", KEYS["Standard"], 50),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(target, key, code):
    found = one()
    answer = order(found, target, key)
    assert answer.exit_code == code
    assert f"Error: {code}" in answer.stdout.decode()
    assert found.vm("vm").windows.ordered_edition is None


def test_nobody_but_an_administrator_runs_dism_or_restarts():
    found = one()
    assert order(found, "ServerStandard", KEYS["Standard"], administrator=False).exit_code == 740
    assert found.run("vm", "shutdown.exe /r /t 0", administrator=False).exit_code == 5


@pytest.mark.parametrize("line", ["dism /Get-CurrentEdition", "dism /online /Set-Edition:ServerStandard"])
def test_a_line_that_lacks_an_option_is_an_error(line):
    assert one().run("vm", line).exit_code == 87
