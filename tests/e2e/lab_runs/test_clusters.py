"""Clusters of Azure Local: onboarded with host keys, or by the Windows Server subscription."""

import pytest


@pytest.mark.destructive
@pytest.mark.avma(licensing="byol")
def test_a_cluster_is_onboarded_once_and_covers_its_guests(cluster, playbook_run):
    run = playbook_run("onboard-cluster")
    keyed = {result.action.target: result.state for result in run.results if result.action.step == "host_key"}
    assert keyed == dict.fromkeys(cluster.nodes, "verified")
    (found,) = run.clusters
    assert found.covered is True
    assert {guest.verdict for guest in run.verify.guests} <= {"activated", "not_applicable"}
    assert playbook_run("onboard-cluster").results == (), "a key is spent once"


@pytest.mark.avma(licensing="subscription")
def test_a_cluster_with_the_subscription_activates_its_guests(cluster, playbook_run):
    run = playbook_run("onboard-cluster")
    (found,) = run.clusters
    assert found.covered is True, found.causes
    assert {node.right for node in found.nodes} == {"subscription"}
    assert {guest.verdict for guest in run.verify.guests} <= {"activated", "not_applicable"}


@pytest.mark.avma(licensing="subscription")
def test_a_node_that_lost_azure_for_a_month_covers_nobody(cluster, playbook_run, sim_control):
    lost, *others = cluster.nodes
    sim_control.deactivate(lost)
    (found,) = playbook_run("verify-only").clusters
    nodes = {node.name: node for node in found.nodes}
    assert found.covered is False
    assert (nodes[lost].covered, nodes[lost].cause.code) == (False, "node_not_synced")
    assert all(nodes[other].covered for other in others)
