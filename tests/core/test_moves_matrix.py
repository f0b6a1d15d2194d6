"""Where each VM stays activated: columns, rows, and what is said of the whole row."""

import pytest
from fabric_cases import NOW, fabric_of, inventory_of

from harness.core.errors import InputError
from harness.core.moves import homes, moves, pools

VIEW = {"name": "CLU", "level": 10, "nodes": {"N1": "up", "N2": "up", "N3": "down", "N9": "up"}}
CLUSTER = {
    "hosts": {
        "n1": {"cluster": "clu", "view": VIEW},
        "n2": {"cluster": "clu", "release": "2019"},
        "n3": {"cluster": "clu", "silent": True},
        "hv1": {},
        "hv2": {"release": "2025"},
    },
    "guests": {
        "new": {"host": "n1"},
        "old": {"host": "n2", "release": "2019"},
        "kms": {"host": "n2", "licence": {"key": "kms"}},
        "local": {"host": "n2", "clustered": False, "release": "2016"},
        "alone": {"host": "hv1"},
        "idle": {"host": "hv1", "licence": {"status": 5, "grace": 0}},
    },
}


def matrix_of(case=CLUSTER, **options):
    return moves(fabric_of(case), NOW, inventory_of(case), **options)


def rows(matrix):
    return {g.name: {c.node: c.stay.value for c in g.cells} for g in matrix.guests}


def test_a_clusters_vms_stand_against_all_its_nodes_and_others_against_their_own_host():
    found = rows(matrix_of())
    assert found["new"] == {"n1": "stays", "n2": "lapses", "n3": "unknown", "N9": "unknown"}
    assert found["old"] == {"n1": "stays", "n2": "stays", "n3": "unknown", "N9": "unknown"}
    assert set(found["kms"].values()) == {"unaffected"}
    assert found["local"] == {"n2": "stays"}
    assert found["alone"] == {"hv1": "stays"}
    assert found["idle"] == {"hv1": "activates"}


def test_where_it_lapses_the_end_of_its_lease_is_told_with_cause_and_next_step():
    (cell,) = (c for g in matrix_of().guests for c in g.cells if c.stay == "lapses")
    assert cell.until == "2026-11-29T10:40+00:00"
    assert cell.code == "host_too_old"
    assert cell.next_step
    assert not cell.here


def test_each_row_is_summed_up():
    keeps = {g.name: g.keeps for g in matrix_of().guests}
    assert keeps == {
        "new": "somewhere",
        "old": "somewhere",
        "kms": "unaffected",
        "local": "anywhere",
        "alone": "anywhere",
        "idle": "anywhere",
    }


def test_draining_a_node_leaves_the_other_nodes():
    matrix = matrix_of(drain="N2")
    assert matrix.drained == "n2"
    assert rows(matrix)["local"] == {"n1": "stays", "n3": "unknown", "N9": "unknown"}
    assert "alone" not in rows(matrix)
    assert "n2" not in {node.name for node in matrix.nodes}


def test_draining_a_host_without_a_cluster_leaves_every_other_host():
    assert rows(matrix_of(drain="hv1"))["alone"] == {
        "n1": "stays",
        "n2": "lapses",
        "n3": "unknown",
        "N9": "unknown",
        "hv2": "stays",
    }


def test_anywhere_means_every_host_of_the_run():
    assert len(rows(matrix_of(anywhere=True))["kms"]) == 6


def test_a_host_that_is_not_there_cannot_be_drained():
    with pytest.raises(InputError, match="no such host"):
        matrix_of(drain="hv9")


def test_nodes_tell_what_they_are():
    nodes = {node.name: node for node in matrix_of().nodes}
    assert (nodes["n1"].state, nodes["n3"].state, nodes["hv1"].state) == ("up", "down", None)
    assert (nodes["n2"].os_version, nodes["n2"].cluster) == ("2019", "clu")
    assert nodes["N9"].avma_ready is None


def test_a_cluster_is_one_pool_whatever_the_inventory_calls_it():
    hosts = {"n1": {"cluster": "my cluster", "view": VIEW}, "n2": {"view": VIEW}}
    fabric = fabric_of({"hosts": hosts, "guests": {"vm": {"host": "n2"}}})
    (pool,) = pools(fabric)
    assert (pool.name, [lane.name for lane in pool.lanes]) == ("my cluster", ["n1", "n2", "N3", "N9"])
    assert len(homes(pool, fabric.guests[0].vm)) == 4
