"""No reader of foreign text raises, whatever the text: coverage-guided, and everything that once made one raise.

FUZZ_SECONDS sets for how long (`make fuzz`: ten minutes). What is found goes into tests/cases/witness_fuzz/kept.yaml.
"""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
PROGRAM = Path(__file__).parent / "witness_fuzz.py"
KEPT = Path(__file__).parents[1] / "cases" / "witness_fuzz" / "kept.yaml"
ATHERIS = "atheris is published for Linux on x86-64 only; the tests with hypothesis run everywhere"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_text_that_reaches_new_lines_makes_a_reader_raise(tmp_path, figure):
    pytest.importorskip("atheris", reason=ATHERIS)
    ended = run(str(PROGRAM), "--seconds", str(SECONDS), "--keep", str(tmp_path))
    found = sorted(path.name for path in tmp_path.iterdir())
    tried = re.search(r"number_of_executed_units:\s+(\d+)", ended.stderr)
    figure("F2", len(found), f"{tried[1] if tried else 0} inputs in {SECONDS} seconds, guided by coverage")
    assert (ended.returncode, found) == (0, []), ended.stdout[-3000:] + ended.stderr[-3000:]
    assert tried is not None
    assert int(tried[1]) > 10 * SECONDS


BROKEN = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from witness_fuzz import fuzz
def broken(data):
    if b"VT:IA" in data and b"78VHK" in data:
        raise ValueError("a defect")
fuzz(30, Path({keep!r}), (broken,))
"""


@pytest.mark.slow
def test_a_reader_with_a_defect_is_noticed_and_its_input_kept(tmp_path):
    pytest.importorskip("atheris", reason=ATHERIS)
    script = tmp_path / "broken.py"
    script.write_text(BROKEN.format(folder=str(PROGRAM.parent), keep=str(tmp_path)))
    ended = run(str(script))
    assert ended.returncode != 0
    assert "a defect" in ended.stdout + ended.stderr
    assert [path.name[:6] for path in tmp_path.glob("crash-*")] == ["crash-"]


def test_what_once_made_a_reader_raise_does_so_no_more():
    pytest.importorskip("atheris", reason=ATHERIS)
    from witness_fuzz import read, seeds

    for row in YAML(typ="safe").load(KEPT.read_text()):
        read(base64.b64decode(row["input"]))
    assert len(seeds()) > 250
    for seed in seeds()[::7]:
        read(seed)
