"""What a stranger does: a new virtual environment, `pip install` of the wheel, an empty folder, a test of ten lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_plugin_first_steps import TEN_LINES

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.-]+==[^\s;\\]+)", re.MULTILINE)


def run(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AVMA_", "PYTHON", "VIRTUAL_ENV"))
    }
    command = list(map(str, words))
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)


@pytest.fixture
def environment(tmp_path):
    """The directory of programs of an environment in which the wheel is installed with what it asks for."""
    wheels, python = tmp_path / "wheels", tmp_path / "venv" / "bin" / "python"
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels, folder=ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.glob("*.whl")
    pins = tmp_path / "pins.txt"
    pins.write_text("\n".join(PIN.findall((ROOT / "requirements" / "dev.txt").read_text("utf-8"))), "utf-8")
    assert run(sys.executable, "-m", "venv", tmp_path / "venv", folder=tmp_path).returncode == 0
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", pins)
    installed = run(*pip, wheel, "pytest", "pytest-xdist", folder=tmp_path)
    if "Failed to establish a new connection" in installed.stderr or "Temporary failure in name" in installed.stderr:
        pytest.skip("no package index is reachable, so that nothing can be installed from one")
    assert installed.returncode == 0, installed.stderr
    return python.parent


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_lines_in_an_empty_folder_pass_are_skipped_or_are_an_error_as_asked(environment, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test_lab.py").write_text(TEN_LINES, "utf-8")
    passed = run(environment / "pytest", "--lab-sim", folder=folder)
    assert (passed.returncode, "2 passed" in passed.stdout) == (0, True), passed.stdout + passed.stderr
    skipped = run(environment / "pytest", folder=folder)
    assert (skipped.returncode, "1 skipped: lab: none is given; --lab INVENTORY" in skipped.stdout) == (0, True)
    required = run(environment / "pytest", "--lab-require", folder=folder)
    assert (required.returncode, "lab: none is given" in required.stdout) == (1, True)
    halved = run(environment / "pytest", "--lab-sim", "-n", "2", folder=folder)
    assert (halved.returncode, "2 passed" in halved.stdout) == (0, True), halved.stdout
    assert run(environment / "avma", "keys", folder=folder).returncode == 0
