"""The language of --limit."""

import pytest

from harness.core.errors import InputError
from harness.lab import load_inventory, select_hosts

LAB = """
version: 1
hosts: {hv-ber-01: , hv-ber-02: , hv-par-01: , seed-1: }
clusters:
  azl: {licensing: host, nodes: {azl-n1: , azl-n2: }}
  far: {licensing: host, seed: seed-1}
groups:
  berlin: [hv-ber-01, hv-ber-02]
  production: [azl, hv-par-01]
"""
ALL = ("hv-ber-01", "hv-ber-02", "hv-par-01", "seed-1", "azl-n1", "azl-n2")


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text(LAB, "utf-8")
    return load_inventory(path)


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("", ALL),
        ("  ", ALL),
        ("*", ALL),
        ("hv-par-01", ("hv-par-01",)),
        ("HV-PAR-01", ("hv-par-01",)),
        ("berlin", ("hv-ber-01", "hv-ber-02")),
        ("azl", ("azl-n1", "azl-n2")),
        ("far", ("seed-1",)),
        ("azl-n2,hv-ber-01", ("hv-ber-01", "azl-n2")),
        ("azl-n2 hv-ber-01", ("hv-ber-01", "azl-n2")),
        ("azl-n2, hv-ber-01,", ("hv-ber-01", "azl-n2")),
        ("hv-*", ("hv-ber-01", "hv-ber-02", "hv-par-01")),
        ("*-0[12],!berlin", ("hv-par-01",)),
        ("prod*", ("hv-par-01", "azl-n1", "azl-n2")),
        ("!berlin", ("hv-par-01", "seed-1", "azl-n1", "azl-n2")),
        ("!azl-n1 production", ("hv-par-01", "azl-n2")),
        ("!hv-*,!azl", ("seed-1",)),
    ],
)
def test_a_limit_names_hosts(inventory, limit, hosts):
    assert select_hosts(inventory, limit) == hosts


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("hv-ber-1", "hv-ber-1: No host, cluster or group is called that. Did you mean hv-ber-01?"),
        ("berlin,!parsi*", "parsi*: No host, cluster or group is called that. Known: azl, azl-n1, azl-n2, berlin,"),
        ("!berlinn", "berlinn: No host, cluster or group is called that. Did you mean berlin?"),
        ("!", "!: No host, cluster or group is called that."),
        ("berlin !hv-*", "berlin !hv-*: No host is left to work on. Loosen the limit."),
    ],
)
def test_a_limit_that_names_nothing_is_refused_with_advice(inventory, limit, sentence):
    with pytest.raises(InputError) as caught:
        select_hosts(inventory, limit)
    assert str(caught.value).startswith(sentence)
