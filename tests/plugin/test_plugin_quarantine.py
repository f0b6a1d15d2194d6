"""A host that fails by infrastructure is out of order for the rest of the job; one that a product fails on is not."""

FAILING = """
def test_a(host):
    assert host.name != "HV-A", "the product failed"

def test_b(host):
    pass
"""
UNPLUGGING = """
from pathlib import Path

def test_a(host, playbook_run):
    if host.name == "HV-A":
        Path("unplug").touch()
        while not Path("unplugged").exists():
            pass
    assert playbook_run("verify-only").exit_code in (0, 7)

def test_b(host):
    pass

def test_c(lab):
    pass
"""


def test_a_failure_of_the_product_costs_no_later_test(project, real_lab):
    project.makepyfile(test_lab=FAILING)
    project.runpytest_subprocess("--lab", real_lab.inventory).assert_outcomes(passed=3, failed=1)


def test_a_host_that_stops_answering_fails_one_test_and_the_later_ones_are_skipped_with_the_first_cause(
    project, real_lab, start_job
):
    from plugin_lab import appears

    project.makepyfile(test_lab=UNPLUGGING)
    job = start_job(f"--lab={real_lab.inventory}", "-v", "-rs")
    appears(project.path / "unplug", job)
    real_lab.refuse("HV-A")
    (project.path / "unplugged").touch()
    code, told = job.wait()
    assert code == 1, told
    for line in (
        "::test_a[HV-A] FAILED",
        "::test_a[HV-B] PASSED",
        "::test_b[HV-A] SKIPPED",
        "::test_b[HV-B] PASSED",
        "::test_c[whole-lab] SKIPPED",
    ):
        assert line in told, told
    assert "HV-A is quarantined: " in told
    assert "(first in test_lab.py::test_a[HV-A])" in told


def test_a_host_that_never_answered_is_told_of_and_is_no_reason_to_be_green(project, real_lab):
    project.makepyfile(test_lab=FAILING.replace("HV-A", "HV-none") + "\n\ndef test_c(guest):\n    pass\n")
    real_lab.refuse("HV-B")
    done = project.runpytest_subprocess("--lab", real_lab.inventory)
    done.assert_outcomes(passed=3, skipped=3)
    done.stdout.fnmatch_lines(["3 skipped: lab: HV-B is quarantined: *(when the lab was surveyed)"])
    required = project.runpytest_subprocess("--lab", real_lab.inventory, "--lab-require")
    required.assert_outcomes(passed=3, errors=3)


def test_a_test_that_breaks_the_simulated_lab_on_purpose_quarantines_nothing(project):
    project.makepyfile(
        """
        def test_a(host, sim_control, playbook_run):
            sim_control.faults({"kind": "refuse", "machine": host.name, "times": 0})
            run = playbook_run("verify-only")
            assert list(run.silent) == [host.name]
            assert run.exit_code == 4
            assert host.name != "HV-A", "a failure with trouble made on purpose"

        def test_b(host):
            pass
        """
    )
    project.runpytest_subprocess("--lab-sim", "two.yaml").assert_outcomes(passed=3, failed=1)
