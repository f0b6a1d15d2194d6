"""What a good playbook becomes, and where it is found."""

import pytest

from harness.core.errors import InputError
from harness.core.model import DATA_EXCHANGE, StepKind
from harness.lab import find_playbook, load_playbook, shipped_playbooks


@pytest.fixture
def load(tmp_path):
    def write_and_load(text):
        path = tmp_path / "p.yaml"
        path.write_text(text, "utf-8")
        return load_playbook(path)

    return write_and_load


def test_steps_keep_their_order_and_get_the_defaults_of_their_kind(load):
    steps = load("""
version: 1
name: p
steps:
  - host_activation:
  - host_key:
  - subscription: {}
  - integration_service: {component: heartbeat}
  - edition:
  - guest_key:
  - activate:
  - wait_for_activation:
  - canary: {vm: pilot}
  - kvp_cleanup:
  - verify:
""").steps
    assert [step.kind for step in steps] == list(StepKind)
    options = {step.kind.value: dict(step.options) for step in steps if step.options}
    assert options == {
        "host_key": {"accept_key_cost": False},
        "subscription": {"enable": False, "credential": None, "environment": "AzureCloud", "seconds": 600.0},
        "integration_service": {"component": "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47", "enabled": True},
        "edition": {"convert": False, "to": None, "seconds": 1800.0},
        "guest_key": {"replace": ()},
        "wait_for_activation": {"seconds": 120.0},
        "canary": {"vm": "pilot", "seconds": 300.0},
        "kvp_cleanup": {"without_trace": False},
    }
    assert steps[7].name == "wait for activation"


@pytest.mark.parametrize("written", ["data_exchange", DATA_EXCHANGE, DATA_EXCHANGE.lower(), f'"{{{DATA_EXCHANGE}}}"'])
def test_a_service_may_be_named_by_the_catalogue_or_by_its_guid(load, written):
    text = f"version: 1\nname: p\nsteps: [{{integration_service: {{component: {written}, enabled: false}}}}]\n"
    assert load(text).steps[0].options == {"component": DATA_EXCHANGE, "enabled": False}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("PT2M", 120),
        ("pt1h30m", 5400),
        ("2m", 120),
        ("2min", 120),
        ("90s", 90),
        ("1h1m1s", 3661),
        ("0.5s", 0.5),
        ("45", 45),
        ("1.5", 1.5),
        ("PT2M30S", 150),
    ],
)
def test_a_timeout_may_be_written_in_several_ways(load, written, seconds):
    text = f"version: 1\nname: p\nsteps: [{{wait_for_activation: {{timeout: {written}}}}}]\n"
    assert load(text).steps[0].options == {"seconds": seconds}


def test_what_every_step_may_have_is_kept(load):
    playbook = load("""
version: 1
name: p
targets: berlin
steps:
  - guest_key: {replace: [kms, mak]}
    name: Keys
    when: {os_version: [2022, "2012 R2"], edition: Datacenter, flavour: azure_local, name: "srv-*", cluster: [a, b]}
    tags: keys
    serial: 2
""")
    step = playbook.steps[0]
    assert playbook.targets == ("berlin",)
    assert (step.name, step.tags, step.serial, step.options) == ("Keys", ("keys",), 2, {"replace": ("kms", "mak")})
    assert step.when == {
        "os_version": ("2022", "2012 R2"),
        "edition": ("Datacenter",),
        "flavour": ("azure_local",),
        "name": ("srv-*",),
        "cluster": ("a", "b"),
    }
    assert (step.place.line, step.place.column) == (6, 5)


def test_a_name_finds_what_ships_and_a_path_stays_a_path(tmp_path):
    assert find_playbook("verify-only") == shipped_playbooks()["verify-only"]
    assert find_playbook("./mine.yaml").name == "mine.yaml"
    assert find_playbook(str(tmp_path / "verify-only")) == tmp_path / "verify-only"


def test_a_file_of_that_name_comes_before_what_ships(tmp_path, monkeypatch):
    (tmp_path / "verify-only").write_text("version: 1\nname: mine\nsteps: [{verify: }]\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_playbook("verify-only").name == "mine"


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"activate-guest: There is no playbook of that name. Did you mean activate-g"):
        load_playbook("activate-guest")
    with pytest.raises(InputError, match="Give a path, or one of: activate-guests"):
        load_playbook("xyz")
