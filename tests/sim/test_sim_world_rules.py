"""Who activates whom, which key goes where: the rules of the world as data."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sim_world_lab import InMemoryLab
from sim_world_topologies import guest, host, lab, node

from harness.core.catalogue import azure_local_supports, host_supports
from harness.core.catalogue import keys as catalogue_keys
from harness.sim.world import LicensingError, Status

CASES = Path(__file__).parents[1] / "cases" / "sim_world"


def cases(name: str) -> list[Any]:
    loaded = YAML(typ="safe").load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in loaded]


def code_of(action: Any, *arguments: object) -> int:
    try:
        action(*arguments)
    except LicensingError as error:
        return error.hresult
    return 0


def one_guest(case: dict[str, Any]) -> InMemoryLab:
    guests = [guest("vm", **case["guest"], key="avma")]
    if "node" in case:
        return lab(nodes=(node("N1", **case["node"], guests=guests),))
    return lab(host("HV1", **case["host"], guests=guests))


@pytest.mark.parametrize("case", cases("activation"))
def test_an_attempt_returns_what_the_rules_say(case: dict[str, Any]) -> None:
    found = one_guest(case)
    vm = found.vm("vm")
    assert vm.windows is not None
    assert code_of(found.world.activate, vm.windows) == case["code"]
    licensed = vm.windows.licence.status is Status.LICENSED
    assert licensed is (case["code"] == 0)
    if licensed:
        assert vm.windows.licence.grant is not None
        assert vm.windows.licence.grant.host == vm.host.windows.fqdn


@pytest.mark.parametrize("case", cases("activation"))
def test_both_sides_write_the_event_that_belongs_to_the_outcome(case: dict[str, Any]) -> None:
    found = one_guest(case)
    vm = found.vm("vm")
    assert vm.windows is not None
    code_of(found.world.activate, vm.windows)
    text = f"0x{case['code']:X}"
    inside = [event.values[0] for event in vm.windows.log.records if event.event_id == 12309]
    outside = [event.values[0] for event in vm.host.windows.log.records if event.event_id == 12310]
    assert inside == [text]
    assert outside == ([] if case["code"] == 0xC004FD01 else [text])


@pytest.mark.parametrize("case", cases("install_key"))
def test_a_key_is_taken_or_refused_with_the_code_of_its_fault(case: dict[str, Any]) -> None:
    found = lab(host(guests=[guest("vm", **case["guest"])]), variants={"after_ipk": "none"})
    windows = found.vm("vm").windows
    assert windows is not None
    before = windows.licence.key
    form = case["key"]
    text = form.get("text") or next(
        row.key
        for row in catalogue_keys(form["kind"])
        if (row.release, row.edition) == (form["release"], form["edition"])
    )
    assert code_of(found.world.install_key, windows, text) == case["code"]
    if case["code"]:
        assert windows.licence.key is before
    else:
        assert windows.licence.key is not None
        assert windows.licence.key.text == text.upper()
        assert not windows.licence.licensed


@pytest.mark.parametrize("host_release", ["2012 R2", "2016", "2019", "2022", "2025"])
def test_the_lab_and_the_catalogue_agree_about_every_pair_they_both_know(host_release: str) -> None:
    """Two tables made apart; where the catalogue says unknown, the lab has a variant."""
    for guest_release in ("2012 R2", "2016", "2019", "1909", "1803", "2022", "2025"):
        found = lab(host(release=host_release, guests=[guest("vm", guest_release, key="avma")]))
        windows = found.vm("vm").windows
        assert windows is not None
        supported = host_supports(host_release, guest_release, "Standard").supported
        if supported is not None:
            assert (code_of(found.world.activate, windows) == 0) is supported, guest_release


@pytest.mark.parametrize("version", ["2019", "2022", "2025"])
def test_the_lab_and_the_catalogue_agree_about_azure_keys(version: Any) -> None:
    for guest_release in ("2012 R2", "2016", "2019", "2022", "2025"):
        guests = [guest("vm", guest_release, key="avma")]
        found = lab(nodes=(node(applied_keys=[f"dc-{version}"], guests=guests),))
        windows = found.vm("vm").windows
        assert windows is not None
        supported = azure_local_supports(version, guest_release, "Standard").supported
        if supported is not None:
            assert (code_of(found.world.activate, windows) == 0) is supported, guest_release


def test_a_guest_on_bare_metal_has_no_parent_to_ask() -> None:
    found = lab(host("HV1", guests=[]))
    windows = found.host("HV1").windows
    found.world.install_key(windows, "W3GNR-8DDXR-2TFRP-H8P33-DV9BG")
    assert code_of(found.world.activate, windows) == 0xC004FD01


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"key": "gvlk", "kms": {"machine": "kms01"}}, 0),
        ({"key": "gvlk", "kms": {"machine": "kms01", "reachable": False}}, 0xC004F074),
        ({"key": "none"}, 0xC004F014),
        ({"key": "mak"}, 0),
        ({"key": "mak", "internet": False}, 0x80072EE7),
        ({"key": "evaluation", "licensed": True, "os_evaluation": True}, 0),
        ({"key": "evaluation", "os_evaluation": True}, 0xC004FC07),
    ],
)
def test_other_channels_activate_by_their_own_means(form: dict[str, Any], code: int) -> None:
    keys = {"mak": {"key": "FAKE0-GUEST-MAK22-00000-00001", "channel": "mak", "release": "2022"}}
    found = lab(host(guests=[guest("vm", **form)]), guest_keys=keys)
    windows = found.vm("vm").windows
    assert windows is not None
    assert code_of(found.world.activate, windows) == code
    assert windows.licence.licensed is (code == 0)
    assert windows.licence.grant is None


def test_a_key_that_was_taken_out_leaves_nothing_to_activate() -> None:
    found = lab(host(guests=[guest("vm", key="avma", licensed=True)]))
    windows = found.vm("vm").windows
    assert windows is not None
    found.world.uninstall_key(windows)
    assert (windows.licence.key, windows.licence.status) == (None, Status.UNLICENSED)
    assert code_of(found.world.uninstall_key, windows) == 0xC004F014


def test_rearming_ends_when_the_count_is_used_up() -> None:
    found = lab(host(guests=[guest("vm", key="avma", licensed=True)]))
    windows = found.vm("vm").windows
    assert windows is not None
    windows.licence.rearm_windows = 1
    found.world.rearm(windows)
    assert windows.licence.status is Status.OOB_GRACE
    assert code_of(found.world.rearm, windows) == 0xC004D307
