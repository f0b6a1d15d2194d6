"""Host keys on Azure nodes: what is accepted, what is used up, what stays in force."""

import pytest
from sim_world_topologies import HOST_KEYS, guest, lab, node

INVALID, WRONG_EDITION, TOO_OLD, DOWNGRADE, EXHAUSTED, USED = (
    0xC004F050, 0xC004F069, 0xC004F210, 0xC004F211, 0xC004C020, 0xC004C008,
)  # fmt: skip


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (["dc-2022"], [0]),
        (["dc-2016"], [TOO_OLD]),
        (["unknown"], [INVALID]),
        (["standard-2022"], [WRONG_EDITION]),
        (["dc-2019", "dc-2022", "dc-2025"], [0, 0, 0]),
        (["dc-2022", "dc-2019"], [0, DOWNGRADE]),
        (["dc-2022", "unknown", "dc-2019"], [0, INVALID, DOWNGRADE]),
        (["dc-2022", "retail-2022"], [0, 0]),
    ],
)
def test_each_application_is_recorded_with_its_outcome(names: list[str], codes: list[int]) -> None:
    found = lab(nodes=(node("N1"),))
    host = found.host("N1")
    for name in names:
        found.world.apply_host_key(host, HOST_KEYS.get(name, "FAKE0-NOBOD-YKNOW-STHIS-00000"))
    assert [applied.hresult for applied in host.keys_applied] == codes
    accepted = [name for name, code in zip(names, codes, strict=True) if code == 0]
    in_force = host.key_in_force
    assert (in_force.key if in_force else None) == (HOST_KEYS[accepted[-1]] if accepted else None)


def test_a_mak_counts_over_all_nodes_and_ends() -> None:
    found = lab(nodes=tuple(node(f"N{number}") for number in range(1, 5)))
    outcomes = [found.world.apply_host_key(host, HOST_KEYS["dc-2022"]).hresult for host in found.world.hosts]
    assert outcomes == [0, 0, 0, EXHAUSTED]


def test_a_retail_key_serves_one_host() -> None:
    found = lab(nodes=(node("N1"), node("N2")))
    outcomes = [found.world.apply_host_key(host, HOST_KEYS["retail-2022"]).hresult for host in found.world.hosts]
    assert outcomes == [0, USED]


def test_an_overwritten_key_stays_used() -> None:
    found = lab(nodes=(node("N1"),))
    host = found.host("N1")
    found.world.apply_host_key(host, HOST_KEYS["dc-2019"])
    found.world.apply_host_key(host, HOST_KEYS["dc-2022"])
    assert [
        key.used for key in found.world.keys.host_keys if key.text in (HOST_KEYS["dc-2019"], HOST_KEYS["dc-2022"])
    ] == [1, 1]


def test_a_subscription_counts_ten_seconds_after_it_was_asked_for() -> None:
    found = lab(nodes=(node("N1", guests=[guest("vm", "2025", key="avma")]), node("N2")))
    found.world.subscribe(found.host("N2"), enabled=True)
    windows = found.vm("vm").windows
    assert windows is not None
    with pytest.raises(Exception, match="0xC004FD02"):
        found.world.activate(windows)
    found.advance(seconds=10)
    found.world.activate(windows)
    assert windows.licence.licensed


def test_a_node_that_has_not_spoken_to_azure_for_thirty_days_is_no_parent() -> None:
    found = lab(nodes=(node("N1", applied_keys=["dc-2022"], connected=False, guests=[guest("vm", key="avma")]),))
    windows = found.vm("vm").windows
    assert windows is not None
    found.world.activate(windows)
    found.advance(days=31)
    with pytest.raises(Exception, match="0xC004FD02"):
        found.world.activate(windows)
