"""The commands around the simulated lab."""

import json
import re
import subprocess
import sys
import urllib.request

import jsonschema
import pytest
from ruamel.yaml import YAML

from harness.cli import main
from harness.sim.topology import parse_topology, topology_schema
from harness.sim.variants import Variants


def printed(capsys, *words: str) -> str:
    assert main(["sim", "topology", *words]) == 0
    return capsys.readouterr().out


def test_a_generated_topology_fits_its_schema_and_is_the_same_for_the_same_seed(capsys, tmp_path):
    text = printed(capsys, "--hosts", "5", "--guests", "4", "--seed", "7")
    jsonschema.validate(YAML(typ="safe").load(text), topology_schema())
    assert len(parse_topology(text, "printed.yaml").hosts) == 4
    assert main(["sim", "topology", "--hosts", "5", "--guests", "4", "--seed", "7", "--file", str(tmp_path / "t")]) == 0
    assert (tmp_path / "t").read_text() == text
    assert printed(capsys, "--hosts", "5", "--guests", "4", "--seed", "8") != text


@pytest.mark.parametrize("words", [("--hosts", "0"), ("--guests", "100"), ("--file", "/nowhere/at/all")])
def test_what_cannot_be_made_is_invalid_input(capsys, words):
    assert main(["sim", "topology", *words]) == 5
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture
def variants_of(tmp_path):
    """The choices of a lab that a process of its own serves with these options."""

    def ask(*options: str) -> dict[str, str]:
        line = [sys.executable, "-m", "harness.cli", "--output", "json", "sim", "up", "--end-with-stdin", *options]
        with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            control = json.loads(process.stdout.readline())["control"]
            with urllib.request.urlopen(f"{control}/variants") as answer:
                told = json.load(answer)["variants"]
            process.stdin.close()
            process.wait(20)
        return {entry["name"]: entry["chosen"] for entry in told}

    return ask


def test_random_variants_are_those_of_the_seed_but_for_what_is_named(variants_of):
    drawn = dict(Variants.random(7))
    assert drawn["renewal"] != "daily"
    chosen = variants_of("--topology", "plain", "--seed", "7", "--variant", "random", "--variant", "renewal=daily")
    assert chosen == drawn | {"renewal": "daily"}


def test_a_person_is_told_where_everything_is_and_which_choices_are_not_the_likeliest():
    line = [sys.executable, "-m", "harness.cli", "sim", "up", "--end-with-stdin", "--topology", "plain"]
    with subprocess.Popen(
        [*line, "--variant", "renewal=daily"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert process.stdin is not None
        process.stdin.close()
        lines = [first, *process.stdout.read().splitlines()]
    assert process.returncode == 0
    assert first.endswith("is up, until Ctrl-C.\n")
    assert re.fullmatch(r"  try        avma -i \S+inventory.yaml verify", lines[3])
    hosts = [text for text in lines if text.startswith("  host  ")]
    assert re.fullmatch(r"  host  HV-2025 +https://127\.[\d.]+:\d+  http://127\.[\d.]+:\d+", hosts[0])
    assert [text for text in lines if text.startswith("  variant")] == ["  variant    renewal=daily"]


@pytest.mark.parametrize("text", ["renewal", "randomly", "renewall=daily", "renewal=sometimes"])
def test_a_variant_that_is_none_is_invalid_input(capsys, text):
    assert main(["sim", "up", "--variant", text]) == 5
    assert "Traceback" not in capsys.readouterr().err
