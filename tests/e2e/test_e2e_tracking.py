"""`avma facts --kvp`: what guests tell of themselves, in one table, shown as unverified."""

import json
from pathlib import Path

import jsonschema

SCHEMA = json.loads(Path("harness/report/schemas/facts.json").read_text())
WORLD = """
version: 1
name: talk
start: now
hosts:
  - name: HV-ONE
    os: {release: "2022", edition: Datacenter}
    guests:
      - name: plain
        os: {release: "2022"}
        kvp:
          NetworkAddressIPv4: "192.0.2.10;192.0.2.11"
          NetworkAddressIPv6: "2001:db8::1"
          RDPAddressIPv4: 192.0.2.10
          RDPAddressIPv6: "2001:db8::1"
          ServicePackMajor: "1"
        access: none
      - {name: liar, os: {release: "2019"}, kvp: {OSVersion: "10.0.26100", FullyQualifiedDomainName: "bank.example"}}
      - {name: silent, os: {release: "2019"}, data_exchange: "off", access: none}
      - {name: penguin, linux: {distribution: Debian GNU/Linux}}
      - {name: spoof, os: {release: "2022"}, kvp: {OSName: "ok\\e[31m"}, access: none}
"""


def test_each_guest_s_word_is_told_and_never_believed(open_lab):
    with open_lab(WORLD) as lab:
        answer = lab.avma("facts", "--kvp")
        jsonschema.validate(answer.document, SCHEMA)
        rows = {row["name"]: row for row in answer.document["tracking"]}
        plain = rows["plain"]
        assert plain["fqdn"].casefold() == "plain.lab.example"
        assert plain["os_name"].startswith("Windows Server 2022")
        assert (plain["service_pack"], plain["architecture"]) == ("1.0", "x64")
        assert plain["ipv4"] == ["192.0.2.10", "192.0.2.11"]
        assert plain["ipv6"] == plain["rdp_ipv6"] == ["2001:db8::1"]
        assert plain["rdp_ipv4"] == ["192.0.2.10"]
        assert plain["contradicted"] is None, "nobody asked inside"
        assert rows["liar"]["contradicted"] == ["fqdn", "os_version"]
        assert rows["silent"]["told"] is False
        assert rows["penguin"]["architecture"] == "x86_64"
        assert not any(row["verified"] for row in rows.values())
        assert "tracking" not in lab.avma("facts").document


def test_the_table_says_what_it_is(open_lab):
    with open_lab(WORLD) as lab:
        shown = lab.avma("facts", "--kvp", output="text").out
        assert "unverified" in shown
        assert "2001:db8::1" in shown
        assert "\x1b" not in shown
