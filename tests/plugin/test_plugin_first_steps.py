"""From an empty project: ten lines pass on the simulated lab, are skipped without one, fail where one is due."""

import pytest

TEN_LINES = """
import pytest


@pytest.mark.avma(os="2022", edition="Standard", flavour="server_datacenter", jea=False)
def test_a_guest_is_activated_by_its_host(guest, playbook_run, verify):
    run = playbook_run("activate-guests")
    assert {result.state for result in run.results} == {"verified"}
    assert verify(guest).verdict == "activated"
"""


@pytest.mark.parametrize("words", [(), ("test_lab.py::test_a_guest_is_activated_by_its_host",)])
def test_ten_lines_pass_on_the_simulated_lab_whether_tests_are_named_or_not(project, words):
    project.makepyfile(test_lab=TEN_LINES)
    done = project.runpytest_subprocess("--lab-sim", *words)
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["lab: simulated, plain, seed 1"])


def test_without_a_lab_they_are_skipped_with_a_reason_to_act_on(project):
    project.makepyfile(test_lab=TEN_LINES)
    done = project.runpytest_subprocess()
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["1 skipped: lab: none is given; --lab INVENTORY*AVMA_LAB*--lab-sim*"])


def test_where_a_lab_is_required_its_absence_is_an_error(project):
    project.makepyfile(test_lab=TEN_LINES)
    done = project.runpytest_subprocess("--lab-require")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["lab: none is given; --lab INVENTORY*--lab-sim*"])
    assert done.ret == pytest.ExitCode.TESTS_FAILED


def test_a_project_without_lab_tests_pays_nothing(project):
    project.makepyfile(
        """
        import sys

        def test_what_is_loaded():
            ours = {name for name in sys.modules if name.partition(".")[0] == "harness"}
            assert all(name == "harness" or name.startswith("harness.pytest_plugin") for name in ours), ours
            assert not {"pydantic", "sqlalchemy", "pypsrp", "rich", "ruamel.yaml"} & set(sys.modules)

        def test_a_fixture_of_the_projects_own_is_left_alone(host):
            assert host == "mine"
        """
    )
    project.makeconftest("import pytest\n\n\n@pytest.fixture\ndef host():\n    return 'mine'\n")
    project.runpytest_subprocess("--lab-require", "-p", "no:hypothesispytest").assert_outcomes(passed=2)


def test_the_environment_names_a_lab_and_the_command_line_another(project, real_lab, monkeypatch):
    project.makepyfile(test_lab="def test_hosts(lab):\n    print([host.name for host in lab.survey.hosts])\n")
    monkeypatch.setenv("AVMA_LAB", str(real_lab.inventory))
    done = project.runpytest_subprocess("-s")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines([f"lab: {real_lab.inventory}", "*'HV-A', 'HV-B'*"])
    project.runpytest_subprocess("-s", "--lab-sim").stdout.fnmatch_lines(["*'HV-2025'*"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--lab", "nowhere.yaml"), "ERROR: nowhere.yaml*"),
        (("--lab", "broken.yaml"), "*broken.yaml:2:1:*hosts*"),
        (("--lab-sim", "--lab", "two.yaml"), "ERROR: --lab and --lab-sim exclude each other"),
    ],
    ids=["an inventory that is not there", "an inventory that is wrong", "two labs"],
)
def test_a_wrong_lab_is_told_before_anything_else(project, words, told):
    project.makepyfile(test_lab=TEN_LINES)
    (project.path / "broken.yaml").write_text("version: 1\nhostz: {}\n", "utf-8")
    done = project.runpytest_subprocess(*words)
    done.stderr.fnmatch_lines([told])
    assert done.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("topology", "told"),
    [
        ("nowhere.yaml", "*nowhere.yaml: There is no such topology*demo, plain*"),
        ("wrong.yaml", "*wrong.yaml:2:9: hosts.0.os: Field required*"),
    ],
)
def test_a_wrong_topology_is_told_in_one_sentence(project, topology, told):
    project.makepyfile(test_lab=TEN_LINES)
    (project.path / "wrong.yaml").write_text("version: 1\nhosts: [{}]\n", "utf-8")
    done = project.runpytest_subprocess("--lab-sim", topology)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([told])
    done.stdout.no_fnmatch_line("*Traceback*")
