"""The commands around the simulated lab that need none running."""

import jsonschema
import pytest
from ruamel.yaml import YAML

from harness.cli import main
from harness.sim.topology import parse_topology, topology_schema


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
