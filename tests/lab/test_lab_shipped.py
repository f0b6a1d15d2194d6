"""What ships must load: the examples are the first thing a person tries."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from harness.core.model import DATA_EXCHANGE, Licensing, StepKind
from harness.lab import load_inventory, load_playbook, schema, shipped_inventories, shipped_playbooks

FILES = [("inventory", path) for path in shipped_inventories().values()] + [
    ("playbook", path) for path in shipped_playbooks().values()
]


def test_the_examples_that_the_documentation_names_ship():
    assert set(shipped_inventories()) >= {"lab", "cluster"}
    assert set(shipped_playbooks()) == {
        "activate-guests",
        "onboard-cluster",
        "toggle-integration-services",
        "verify-only",
    }


@pytest.mark.parametrize("name", sorted(shipped_playbooks()))
def test_every_shipped_playbook_loads_by_its_name(name):
    playbook = load_playbook(name)
    assert playbook.name == name
    assert playbook.steps


@pytest.mark.parametrize("name", sorted(shipped_inventories()))
def test_every_shipped_inventory_loads(name):
    assert load_inventory(shipped_inventories()[name]).hosts


def test_activate_guests_checks_the_host_before_it_touches_a_guest_and_ends_with_proof():
    steps = load_playbook("activate-guests").steps
    assert [step.kind for step in steps] == [
        StepKind.HOST_ACTIVATION,
        StepKind.INTEGRATION_SERVICE,
        StepKind.GUEST_KEY,
        StepKind.ACTIVATE,
        StepKind.WAIT_FOR_ACTIVATION,
        StepKind.VERIFY,
    ]
    assert steps[1].options == {"component": DATA_EXCHANGE, "enabled": True}
    assert steps[2].options == {"replace": ()}
    assert steps[4].options == {"seconds": 120.0}


def test_onboard_cluster_gives_keys_to_one_node_at_a_time():
    first = load_playbook("onboard-cluster").steps[0]
    assert (first.kind, first.serial) == (StepKind.HOST_KEY, 1)
    assert first.options == {"accept_key_cost": False}, "no shipped playbook may spend a second key on a host"


def test_verify_only_holds_no_step_that_changes_anything():
    assert {step.kind for step in load_playbook("verify-only").steps} <= {StepKind.HOST_ACTIVATION, StepKind.VERIFY}


def test_the_cluster_example_has_enough_activations_for_its_nodes():
    inventory = load_inventory(shipped_inventories()["cluster"])
    cluster = inventory.clusters["azl"]
    assert cluster.licensing is Licensing.BYOL
    keys = [inventory.hosts[node].key for node in cluster.nodes]
    assert inventory.keys["azl-2022"].activations == keys.count("azl-2022") == 3


@pytest.mark.parametrize(("name", "path"), FILES, ids=[path.name for _, path in FILES])
def test_the_published_schema_accepts_what_ships(name, path):
    document = json.loads(json.dumps(YAML(typ="safe", pure=True).load(path), default=str))
    jsonschema.validators.Draft202012Validator.check_schema(schema(name))
    jsonschema.validate(document, schema(name), cls=jsonschema.validators.Draft202012Validator)


@pytest.mark.parametrize(("name", "path"), FILES, ids=[path.name for _, path in FILES])
def test_what_ships_tells_editors_its_schema_in_the_first_line(name, path):
    assert path.read_text("utf-8").startswith(f"# yaml-language-server: $schema={name}.schema.json\n")


def test_importing_the_package_leaves_the_slow_libraries_alone():
    code = "import sys, harness.lab; print(sorted({'pydantic', 'ruamel.yaml', 'pydantic_settings'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_nothing_else_is():
    from harness import lab

    for name in lab.__all__:
        assert getattr(lab, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'load_everything'"):
        _ = lab.load_everything


def test_an_installed_wheel_finds_the_same_examples_inside_itself(tmp_path):
    root = Path(__file__).parents[2]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    installed = tmp_path / "site"
    with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    code = (
        "import json; from harness.lab import *; "
        "found = {**shipped_inventories(), **shipped_playbooks()}; "
        "loaded = [load_playbook(name).name for name in shipped_playbooks()]; "
        "print(json.dumps([{name: str(path) for name, path in found.items()}, loaded]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=installed, check=True, capture_output=True, text=True)
    found, loaded = json.loads(done.stdout)
    assert set(found) == {*shipped_inventories(), *shipped_playbooks()}
    assert all(Path(path).is_relative_to(installed / "harness" / "lab" / "shipped") for path in found.values())
    assert loaded == sorted(shipped_playbooks())
