"""Which tests run, and where: once for each place that has what they need, else skipped with the need that is unmet."""

import re

import pytest

TESTS = """
import pytest


@pytest.mark.avma(os="2022")
class TestOfOneRelease:
    def test_guest(self, guest, host, lab):
        assert (guest.name, guest.host, host.name, host.edition) == ("web-a", "HV-A", "HV-A", "Datacenter")
        assert lab.target.hosts == ("HV-A",)

    @pytest.mark.avma(os=["2019", "2022"])
    def test_the_closest_marker_has_the_last_word(self, host):
        assert host.flavour == "server_datacenter"


def test_everything(lab):
    assert [host.name for host in lab.survey.hosts] == ["HV-A", "HV-B"]
    assert {guest.name for guest in lab.survey.guests} == {"web-a", "web-b"}


@pytest.mark.avma(edition="Essentials")
def test_no_such_edition(guest): ...

@pytest.mark.avma(flavour="azure_local", nodes=3)
def test_no_such_host(host): ...

def test_no_cluster(cluster): ...

@pytest.mark.avma(jea=True)
def test_no_endpoint(lab): ...

@pytest.mark.hardware
def test_metal(guest): ...

@pytest.mark.destructive
def test_permit(host): ...

@pytest.mark.hardware
@pytest.mark.destructive
def test_marks_of_a_test_without_a_lab_are_the_projects_own(): ...

def test_not_asked_for_by_name(request):
    request.getfixturevalue("guest")
"""

REASONS = {
    "test_no_such_edition": "no guest of this lab meets edition=Essentials (web-a has edition Standard, not Essen",
    "test_no_such_host": "no host of this lab meets flavour=azure_local, nodes=3 (HV-A has flavour server_datacenter,",
    "test_no_cluster": "no cluster of this lab meets nodes=1: it has no cluster",
    "test_no_endpoint": "no guest of this lab meets jea=True (web-a has no restricted endpoint; web-b",
    "test_metal": "the test is marked hardware and needs a real lab: --lab INVENTORY",
    "test_permit": "the test is marked destructive and needs --lab-allow-destructive",
}


def outcomes(text: str) -> dict[str, str]:
    """Each test's outcome as -v prints it."""
    return dict(re.findall(r"^test_\w+\.py::(\S+) (PASSED|FAILED|ERROR|SKIPPED)", text, re.MULTILINE))


def test_each_test_runs_where_it_can_and_is_skipped_with_its_reason_where_not(project):
    project.makepyfile(test_lab=TESTS)
    done = project.runpytest_subprocess("--lab-sim", "two.yaml", "-v", "-rs")
    found = outcomes(done.stdout.str())
    assert {name for name, outcome in found.items() if outcome == "PASSED"} == {
        "TestOfOneRelease::test_guest[web-a@HV-A]",
        "TestOfOneRelease::test_the_closest_marker_has_the_last_word[HV-A]",
        "TestOfOneRelease::test_the_closest_marker_has_the_last_word[HV-B]",
        "test_everything[whole-lab]",
        "test_marks_of_a_test_without_a_lab_are_the_projects_own",
    }
    assert found["test_not_asked_for_by_name"] == "ERROR" or found["test_not_asked_for_by_name"] == "FAILED"
    told = done.stdout.str()
    assert "ask for lab fixtures by name" in told
    for name, reason in REASONS.items():
        assert next(outcome for test, outcome in found.items() if test.partition("[")[0] == name) == "SKIPPED"
        assert f"lab: {reason}" in told, name


def test_where_a_lab_is_required_nothing_is_skipped(project):
    project.makepyfile(test_lab=TESTS)
    done = project.runpytest_subprocess("--lab-sim", "two.yaml", "--lab-require", "-k", "no_ or metal or permit")
    done.assert_outcomes(errors=8)
    for reason in REASONS.values():
        assert f"lab: {reason}" in done.stdout.str()


def test_what_only_the_simulated_lab_can_do_is_marked_and_can_be_left_out_on_a_real_one(project, real_lab):
    project.makepyfile(test_lab="def test_week(host, sim_control): ...\n\ndef test_host(host): ...\n")
    words = ("--lab", real_lab.inventory, "--lab-require")
    refused = project.runpytest_subprocess(*words)
    refused.assert_outcomes(passed=2, errors=2)
    refused.stdout.fnmatch_lines(["lab: sim_control works with the simulated lab only: --lab-sim"])
    project.runpytest_subprocess(*words, "-m", "not simulated").assert_outcomes(passed=2, deselected=2)


def test_a_need_that_does_not_exist_stops_the_collection_with_those_that_do(project):
    project.makepyfile(test_lab="import pytest\n\n@pytest.mark.avma(oss='2022')\ndef test_it(guest): ...\n")
    done = project.runpytest_subprocess("--lab-sim", "two.yaml")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*no need 'oss'*There are: os, edition, flavour, licensing, nodes, jea.*"])


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "not allowed"])
def test_host_keys_of_a_real_lab_are_spent_by_destructive_tests_only(project, start_job, allowed, tmp_path):
    from harness.sim.lab import LabThread
    from harness.sim.topology import load_topology

    small = project.path.joinpath("small.yaml")
    small.write_text(
        "version: 1\nname: keyed\nhost_keys: {k: {key: FAKE0-KEYED-AZL22-N0DE1-0A1LS, kind: retail, version: '2022'}}\n"
        "clusters:\n  - name: AZL\n    nodes:\n      - {name: N-1, key: k, os: {family: azure, release: 23H2,"
        " edition: Azure Stack HCI, core: true}}\n",
        "utf-8",
    )
    mark = "@pytest.mark.destructive\n" if allowed else ""
    project.makepyfile(
        test_keys=f"import pytest\n\n{mark}def test_keys(cluster, playbook_run):\n"
        "    assert [r.state for r in playbook_run('onboard-cluster').results] == ['verified']\n"
    )
    with LabThread(load_topology(small), directory=tmp_path / "lab") as lab:
        done = project.runpytest_subprocess("--lab", lab.document["inventory"], "--lab-allow-destructive")
        keys = lab.do(lambda running: running.state())["hosts"][0]["keys_applied"]
    done.assert_outcomes(passed=int(allowed), failed=int(not allowed))
    assert len(keys) == int(allowed)
    if not allowed:
        done.stdout.fnmatch_lines(["*would spend host keys, which nothing gives back: N-1*"])
