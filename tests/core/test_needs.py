"""What a test needs, against what a place offers."""

import pytest

from harness.core.errors import InputError
from harness.core.needs import Needs, Offer


def offer(
    *, os=("2022",), edition=("Standard",), flavour=("server_datacenter",), licensing=("host",), nodes=0, jea=False
) -> Offer:
    return Offer(frozenset(os), frozenset(edition), frozenset(flavour), frozenset(licensing), nodes, jea)


CASES = [
    ({}, offer(), ()),
    ({"os": "2022"}, offer(), ()),
    ({"os": "Windows Server 2022"}, offer(), ()),
    ({"os": ["2019", "2022"]}, offer(), ()),
    ({"os": "2019"}, offer(), ("os 2022, not 2019",)),
    ({"os": ["2016", "2019"]}, offer(), ("os 2022, not 2016 or 2019",)),
    ({"os": "2022"}, offer(os=()), ("os unknown, not 2022",)),
    ({"os": "2022"}, offer(os=("2019", "2022")), ("os 2019 and 2022, not 2022",)),
    ({"edition": "standard"}, offer(), ()),
    ({"edition": "Datacenter"}, offer(edition=("Essentials",)), ("edition Essentials, not Datacenter",)),
    ({"flavour": "azure_local"}, offer(), ("flavour server_datacenter, not azure_local",)),
    ({"licensing": "host"}, offer(), ()),
    ({"licensing": ["byol", "subscription"]}, offer(), ("licensing host, not byol or subscription",)),
    ({"nodes": 3}, offer(nodes=3), ()),
    ({"nodes": 3}, offer(nodes=4), ()),
    ({"nodes": 3}, offer(nodes=1), ("1 cluster node, not 3",)),
    ({"nodes": 3}, offer(), ("no cluster nodes, not 3",)),
    ({"jea": True}, offer(jea=True), ()),
    ({"jea": True}, offer(), ("no restricted endpoint",)),
    ({"jea": False}, offer(jea=True), ("a restricted endpoint",)),
    ({"os": "2019", "nodes": 2}, offer(), ("os 2022, not 2019", "no cluster nodes, not 2")),
]


@pytest.mark.parametrize(("asked", "offered", "unmet"), CASES, ids=range(len(CASES)))
def test_an_unmet_need_is_told_in_words(asked, offered, unmet):
    found = Needs.read(asked).unmet(offered)
    assert found == unmet


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"oss": "2022"}, "There are: os, edition, flavour, licensing, nodes, jea"),
        ({"os": 2022}, 'Write os="..."'),
        ({"flavour": "azure"}, "azure_local"),
        ({"licensing": "mak"}, "There are: host, byol, subscription"),
        ({"nodes": "3"}, "Write nodes=3"),
        ({"nodes": True}, "Write nodes=3"),
        ({"jea": "yes"}, "Write jea=True"),
    ],
)
def test_a_need_that_cannot_be_is_refused_with_what_can(asked, word):
    with pytest.raises(InputError) as caught:
        Needs.read(asked)
    assert word in str(caught.value)


def test_needs_read_as_they_are_written():
    asked = Needs.read({"os": ["2019", "2022"], "nodes": 3, "jea": True})
    assert str(asked) == "os=2019 or 2022, nodes=3, jea=True"
    assert str(Needs.read({})) == "anything"


def test_a_cluster_offers_what_all_its_nodes_are():
    together = Offer.of_all([offer(os=("2019",), nodes=2), offer(os=("2022",), nodes=2, jea=True)])
    assert (together.os, together.nodes, together.jea) == (frozenset({"2019", "2022"}), 2, False)
