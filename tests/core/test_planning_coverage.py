"""Whether guests stay activated wherever they move within a cluster."""

from typing import Any

import pytest
from fabric_cases import fabric_of, inventory_of

from harness.core.model import ClusterCoverage
from harness.core.planning import coverage

NODE: dict[str, Any] = {
    "flavour": "azure_local",
    "release": "23H2",
    "edition": None,
    "licence": None,
    "cluster": "azl",
    "licensing": "byol",
    "key": "k",
    "modules": ["ServerAVMAManager"],
    "activation": {"configured": True, "last5": "AAAAA", "version": "2022"},
}
UP = {"N1": "up", "N2": "up"}


def covered(view: dict[str, str] = UP, **second: Any) -> ClusterCoverage:
    """A cluster of two nodes, of which the first is well and tells of the cluster; ``second`` changes the other."""
    hosts = {"n1": NODE | {"view": {"name": "AZL", "nodes": view}}, "n2": NODE | second}
    case = {"hosts": hosts, "guests": {}, "keys": {"k": {"activations": 9}}}
    (found,) = coverage(fabric_of(case), inventory_of(case))
    return found


def codes(found: ClusterCoverage) -> dict[str, str | None]:
    return {node.name: node.cause.code if node.cause else None for node in found.nodes}


def test_a_cluster_whose_nodes_have_keys_of_one_version_is_covered() -> None:
    found = covered()
    assert (found.name, found.covered, found.causes) == ("azl", True, ())
    assert [(node.state, node.covered, node.right, node.key_version) for node in found.nodes] == [
        ("up", True, "byol", "2022"),
        ("up", True, "byol", "2022"),
    ]


@pytest.mark.parametrize(
    ("second", "answer", "code"),
    [
        ({"activation": {"configured": False}}, False, "host_key_missing"),
        ({"activation": None, "modules": [], "parts": {"activation": "command_missing"}}, False, "avma_module_missing"),
        ({"activation": {"configured": None}}, None, "host_key_unrecorded"),
        ({"activation": None, "parts": {"activation": "access_denied"}}, None, "host_key_unreadable"),
        ({"subscription": {"registered": False}}, False, "node_not_registered"),
        ({"subscription": {"registered": True, "synced_days_ago": 31}}, False, "node_not_synced"),
        ({"hyperv": False}, False, "hyperv_missing"),
        ({"failure": {"code": "connect_failed"}}, False, "cluster_not_covered"),
    ],
)
def test_one_node_that_is_not_well_leaves_the_cluster_uncovered_or_unknown(
    second: dict[str, Any], answer: bool | None, code: str
) -> None:
    found = covered(**second)
    assert found.covered is answer
    assert codes(found) == {"n1": None, "n2": code}


@pytest.mark.parametrize("state", ["down", "paused", "joining"])
def test_the_clusters_own_word_for_a_silent_node_is_told(state: str) -> None:
    found = covered({"N1": "up", "N2": state}, failure={"code": "connect_failed"})
    assert found.nodes[1].state == state
    assert (found.nodes[1].covered, found.covered) == (None, False), "not known of the node, so not covered in all"
    assert found.nodes[1].cause is not None
    assert f"n2 of azl is {state}" in found.nodes[1].cause.message


def test_a_node_that_the_inventory_does_not_name_is_part_of_the_cluster() -> None:
    found = covered({**UP, "N9": "up"})
    assert found.covered is False
    assert codes(found) == {"n1": None, "n2": None, "N9": "node_not_in_inventory"}
    assert found.nodes[2].state == "up"


def test_keys_of_two_versions_leave_the_cluster_uncovered_though_each_node_is_well() -> None:
    found = covered(activation={"configured": True, "last5": "BBBBB", "version": "2019"})
    assert [node.covered for node in found.nodes] == [True, True]
    assert (found.covered, [cause.code for cause in found.causes]) == (False, ["mixed_key_versions"])


def test_a_key_here_and_the_subscription_there_leave_the_cluster_uncovered() -> None:
    found = covered(licensing="subscription", key=None, subscription={"active": True})
    assert (found.covered, [cause.code for cause in found.causes]) == (False, ["mixed_licensing"])
    assert "byol, subscription" in found.causes[0].message


def test_no_cluster_is_no_coverage() -> None:
    assert coverage(fabric_of({"guests": {}}), inventory_of({"guests": {}})) == ()
