"""Figure I1: the two clients that this project's own environment holds, unmodified; `make interop` drives them all."""

from collections.abc import Callable, Iterator

import pytest

from tests.interop.clients import CLIENTS, Client, here
from tests.interop.driving import drive
from tests.interop.interop_lab import ForeignLab, serve

OURS = [here(client) for client in CLIENTS if client.name in {"pypsrp", "pywinrm"}]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignLab]:
    with serve(tmp_path_factory.mktemp("interop"), kerberos=False) as running:
        yield running


@pytest.mark.gate
@pytest.mark.parametrize("client", OURS, ids=lambda client: client.name)
def test_an_unmodified_client_drives_the_lab_over_basic_and_ntlm(
    client: Client, lab: ForeignLab, figure: Callable[[str, float, str], None]
) -> None:
    outcomes = [
        outcome
        for way in client.ways
        if (way.auth, way.secure) in {("basic", True), ("ntlm", False)}
        for outcome in drive(client, way, lab)
    ]
    good = [one for one in outcomes if not one.problem]
    counted = f"{client.name} {client.version()}: {len(good)} of {len(outcomes)} exercises"
    figure("I1", 100 * len(good) / len(outcomes), f"{counted} (all {len(CLIENTS)} clients: make interop)")
    assert [one for one in outcomes if one.problem] == []
    assert len(outcomes) == 2 * len(client.exercises)
