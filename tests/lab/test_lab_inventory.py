"""What a good inventory becomes."""

from datetime import date
from pathlib import Path

import pytest

from harness.core.model import Auth, GuestAccess, KeyKind, Licensing, Place
from harness.lab import LabFileError, load_inventory

TODAY = date(2026, 11, 22)


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, today=TODAY):
        path = tmp_path / "lab.yaml"
        path.write_text(text, "utf-8")
        return load_inventory(path, today=today)

    return write_and_load


def test_a_bare_host_gets_https_negotiate_and_its_name_as_address(load):
    connection = load("version: 1\nhosts: {hv-1: }\n").hosts["hv-1"].connection
    assert (connection.address, connection.scheme, connection.port) == ("hv-1", "https", 5986)
    assert (connection.auth, connection.credential, connection.verify) == (Auth.NEGOTIATE, None, True)
    assert (connection.connect_seconds, connection.operation_seconds) == (10.0, 60.0)
    assert connection.configuration == "Microsoft.PowerShell"


def test_http_means_port_5985_unless_a_port_is_given(load):
    hosts = load("version: 1\ndefaults: {scheme: http}\nhosts: {a: , b: {port: 80}, c: {scheme: https}}\n").hosts
    assert {name: host.connection.port for name, host in hosts.items()} == {"a": 5985, "b": 80, "c": 5986}


def test_an_entry_overrides_the_defaults_key_by_key(load):
    hosts = load("""
version: 1
defaults: {auth: kerberos, connect_seconds: 3, configuration: AvmaReader, port: 15986}
hosts:
  a: {auth: negotiate, operation_seconds: 7.5}
  b: {configuration: Microsoft.PowerShell}
""").hosts
    a, b = hosts["a"].connection, hosts["b"].connection
    assert (a.auth, a.connect_seconds, a.operation_seconds, a.configuration) == (Auth.NEGOTIATE, 3, 7.5, "AvmaReader")
    assert (b.auth, b.connect_seconds, b.configuration, b.port) == (
        Auth.KERBEROS,
        3,
        "Microsoft.PowerShell",
        15986,
    )


def test_sections_that_are_only_headings_are_empty(load):
    inventory = load("""
version: 1
defaults:
credentials:
keys:
hosts: {a: }
clusters:
guest_access:
guests:
groups:
""")
    assert (dict(inventory.credentials), inventory.guest_rules, dict(inventory.groups)) == ({}, (), {})


def test_anchors_aliases_and_merge_keys_work(load):
    hosts = load("""
version: 1
hosts:
  a: &first {auth: kerberos, operation_seconds: 90, address: 127.0.0.1}
  b:
    <<: *first
    address: 127.0.0.2
  c: {<<: [*first], address: 127.0.0.3, auth: negotiate}
""").hosts
    assert hosts["b"].connection.operation_seconds == hosts["c"].connection.operation_seconds == 90
    assert [host.connection.auth for host in hosts.values()] == [Auth.KERBEROS, Auth.KERBEROS, Auth.NEGOTIATE]
    assert hosts["b"].connection.address == "127.0.0.2"


def test_an_anchor_may_be_used_again(load):
    assert set(load("version: 1\nhosts: {a: &x {port: 1}, b: &x {port: 2}, c: *x}\ngroups: {g: [c]}\n").hosts) == {
        "a",
        "b",
        "c",
    }


def test_paths_are_relative_to_the_inventory_and_become_absolute(load, tmp_path):
    for name in ("ca.pem", "c.pem", "k.pem"):
        (tmp_path / name).write_text("", "utf-8")
    inventory = load("""
version: 1
defaults: {ca: ./ca.pem, auth: certificate, credential: cert}
credentials:
  cert: {certificate: c.pem, private_key: ./k.pem}
  word: {username: u, password: {file: secrets/word}}
hosts: {a: }
""")
    assert inventory.hosts["a"].connection.ca == str(tmp_path / "ca.pem")
    cert = inventory.credentials["cert"]
    assert (cert.certificate, cert.private_key, cert.password) == (
        str(tmp_path / "c.pem"),
        str(tmp_path / "k.pem"),
        None,
    )
    assert inventory.credentials["word"].password.locator == {"path": str(tmp_path / "secrets" / "word")}


def test_every_kind_of_secret_reference_is_kept_unresolved_with_its_place(load, tmp_path):
    credentials = load("""
version: 1
credentials:
  a: {username: u, password: {env: LAB_PASSWORD}}
  b: {username: u, password: {keyring: {service: lab, username: u}}}
  c: {username: u, password: {vault: {path: lab/a, field: password}}}
  d: {username: u, password: {vault: {path: lab/a, field: password, mount: kv}}}
  e: {username: u, password: {command: [pass, show, "lab a"]}}
hosts: {h: }
""").credentials
    found = {name: (entry.password.source, dict(entry.password.locator)) for name, entry in credentials.items()}
    assert found == {
        "a": ("env", {"name": "LAB_PASSWORD"}),
        "b": ("keyring", {"service": "lab", "username": "u"}),
        "c": ("vault", {"path": "lab/a", "field": "password", "mount": "secret"}),
        "d": ("vault", {"path": "lab/a", "field": "password", "mount": "kv"}),
        "e": ("command", {"argv": '["pass", "show", "lab a"]'}),
    }
    assert credentials["a"].password.place == Place(str(tmp_path / "lab.yaml"), 4, 31)


def test_a_clusters_nodes_take_its_licensing_and_know_their_cluster(load):
    inventory = load("""
version: 1
keys:
  one: {kind: retail, version: 2022, key: {env: ONE}}
clusters:
  azl:
    licensing: byol
    seed: n2
    nodes: {n1: {address: 127.0.0.1, key: one}, n2: {address: 127.0.0.2}}
""")
    assert inventory.clusters["azl"].nodes == ("n1", "n2")
    assert inventory.clusters["azl"].seed == "n2"
    n1 = inventory.hosts["n1"]
    assert (n1.cluster, n1.key, n1.licensing) == ("azl", "one", Licensing.BYOL)
    assert inventory.keys["one"].kind is KeyKind.RETAIL
    assert inventory.keys["one"].version == "2022"


def test_a_seed_alone_is_a_host_that_belongs_to_the_cluster(load):
    inventory = load("version: 1\nhosts: {n1: , x: }\nclusters: {azl: {licensing: subscription, seed: n1}}\n")
    assert (inventory.clusters["azl"].nodes, inventory.clusters["azl"].seed) == ((), "n1")
    assert (inventory.hosts["n1"].cluster, inventory.hosts["n1"].licensing) == ("azl", Licensing.SUBSCRIPTION)
    assert (inventory.hosts["x"].cluster, inventory.hosts["x"].licensing) == (None, Licensing.HOST)


def test_a_host_with_a_key_brings_its_own_licence_unless_it_says_so_itself(load):
    hosts = load("""
version: 1
keys:
  m: {kind: mak, version: "2025", activations: 2, key: {env: M}}
hosts: {a: {key: m}, b: {key: m, licensing: byol}, c: }
""").hosts
    assert [host.licensing for host in hosts.values()] == [Licensing.BYOL, Licensing.BYOL, Licensing.HOST]


def test_guest_rules_keep_their_order_and_never_inherit_the_hosts_credential_or_endpoint(load):
    rules = load("""
version: 1
defaults: {credential: admin, configuration: AvmaHost, port: 15986, auth: kerberos}
credentials:
  admin: {username: a, password: {env: A}}
  guest: {username: g, password: {env: G}}
hosts: {h: }
guest_access:
  - {match: {name: "x-*", host: h}, via: none}
  - {match: {name: "y-*"}, via: direct, credential: guest}
  - {via: winrm}
""").guest_rules
    assert [(r.pattern, r.host, r.access) for r in rules] == [
        ("x-*", "h", GuestAccess.NONE),
        ("y-*", None, GuestAccess.DIRECT),
        ("*", None, GuestAccess.WINRM),
    ]
    assert [r.connection is None for r in rules] == [True, True, False]
    inside = rules[2].connection
    assert (inside.address, inside.credential, inside.configuration) == ("", None, "Microsoft.PowerShell")
    assert (inside.port, inside.auth) == (15986, Auth.KERBEROS)


def test_guests_are_found_by_name_as_written_and_by_id_in_lower_case(load):
    guests = load("""
version: 1
hosts: {h: }
guests:
  SRV Web 01: {address: 192.0.2.1, tags: web}
  0A1B2C3D-0000-4000-8000-00000000ABCD: {via: none}
""").guests
    assert guests["SRV Web 01"].tags == ("web",)
    assert guests["0a1b2c3d-0000-4000-8000-00000000abcd"].access is GuestAccess.NONE


def test_a_group_may_name_a_cluster_for_its_nodes(load):
    inventory = load("""
version: 1
hosts: {h: , s: }
clusters:
  one: {licensing: host, nodes: {n1: , n2: }}
  two: {licensing: host, seed: s}
groups: {all: [one, h, n1, two]}
""")
    assert inventory.groups["all"] == ("n1", "n2", "h", "s")


def test_a_waiver_holds_through_its_last_day(load):
    text = "version: 1\nhosts: {a: {verify: false, waiver: {reason: new lab, expires: 2026-11-22}}}\n"
    connection = load(text).hosts["a"].connection
    assert connection.verify is False
    assert (connection.waiver.reason, connection.waiver.expires) == ("new lab", date(2026, 11, 22))
    with pytest.raises(LabFileError, match="waiver ended"):
        load(text, today=date(2026, 11, 23))


def test_without_a_given_day_the_current_one_counts(tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text("version: 1\nhosts: {a: {verify: false, waiver: {reason: r, expires: 2020-01-01}}}\n", "utf-8")
    with pytest.raises(LabFileError, match="waiver ended"):
        load_inventory(path)


def test_places_point_to_the_entries_own_names(load, tmp_path):
    inventory = load("version: 1\nhosts:\n  a:\n    port: 1\nguest_access:\n  - via: none\n")
    file = str(tmp_path / "lab.yaml")
    assert inventory.hosts["a"].place == Place(file, 3, 3)
    assert inventory.guest_rules[0].place == Place(file, 6, 5)


def test_the_path_is_shown_as_it_was_given(monkeypatch, tmp_path):
    (tmp_path / "lab.yaml").write_text("version: 1\nhosts: {a: {ca: x.pem}}\n", "utf-8")
    (tmp_path / "x.pem").write_text("", "utf-8")
    monkeypatch.chdir(tmp_path)
    inventory = load_inventory("lab.yaml")
    assert inventory.path == "lab.yaml"
    assert inventory.hosts["a"].connection.ca == str(Path(tmp_path, "x.pem"))
