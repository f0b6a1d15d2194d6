"""A fabric whose guests are out to harm: names and Data Exchange items that are markup, commands to a terminal, or text
that runs the other way; and clones that share a name. Over the wire, from the lab to what a person sees.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

MARKUP = "<img src=x onerror=alert(1)><script>alert('1')</script>&amp;"
TERMINAL = "\x1b]0;owned\x07\x1b[2J\x1b[31mred"
QUOTES = """o'b"r`$(reboot);{{7*7}}%s\\n"""
BACKWARDS = "\u202egpj.\u05d0\u05d1\u05d2\u2066exe"
LONG = "\u0416" * 1024
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ADDRESSES = ("FullyQualifiedDomainName", "NetworkAddressIPv4", "NetworkAddressIPv6")
SYSTEM = {"release": "2022", "edition": "Standard"}


def guest(name: str, computer: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "computer_name": computer, "os": SYSTEM, "key": "avma", "licensed": True, **more}


def told(text: str) -> dict[str, str]:
    """What a guest says of itself; not its address, by which it is reached."""
    return {"OSName": text, "OSVendor": text, "CSDVersion": LONG, text[:100]: text}


TOPOLOGY = json.dumps(
    {
        "version": 1,
        "name": "hostile",
        "hosts": [
            {
                "name": "HV-ONE",
                "os": {"release": "2022", "edition": "Datacenter"},
                "guests": [
                    guest(MARKUP, "MARKUP", kvp=told(MARKUP)),
                    guest(TERMINAL, "TERMINAL", kvp=told(TERMINAL)),
                    guest(QUOTES, "QUOTES", kvp=told(QUOTES)),
                    guest(BACKWARDS, "BACKWARDS", kvp=told(BACKWARDS)),
                    guest("liar", "LIAR", kvp=dict.fromkeys(ADDRESSES, TERMINAL + MARKUP)),
                    guest("twin", "TWIN-A"),
                ],
            },
            {
                "name": "HV-TWO",
                "os": {"release": "2022", "edition": "Datacenter"},
                "guests": [guest("twin", "TWIN-B", licensed=False, key="gvlk"), guest("twin", "TWIN-C")],
            },
        ],
    }
)


class Tags(HTMLParser):
    """The elements of a page and the scripts between them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_every_guest_is_judged_by_its_id_whatever_it_is_called(open_lab):
    with open_lab(TOPOLOGY) as lab:
        verdict = lab.avma("verify").document
        truth = lab.activated()
        names = {vm["id"]: vm["name"] for host in lab.get("/state")["hosts"] for vm in host["vms"]}
    assert {one["vm_id"]: one["name"] for one in verdict["guests"]} == names
    judged = {one["vm_id"]: one["verdict"] for one in verdict["guests"]}
    liar = next(number for number, name in names.items() if name == "liar")
    assert judged[liar] == "unknown", "an address that is none leads nowhere, and that is no proof"
    assert {number for number, one in judged.items() if one == "activated"} == truth - {liar}
    assert len(truth) == 7
    twins = {one["vm_id"]: one["verdict"] for one in verdict["guests"] if one["name"] == "twin"}
    assert sorted(twins.values()) == ["activated", "activated", "not_activated"]


COMMANDS = (("verify",), ("facts", "--kvp"), ("plan", "activate-guests"), ("moves",))


def test_nothing_that_a_guest_says_commands_the_terminal(open_lab):
    with open_lab(TOPOLOGY) as lab:
        for words in COMMANDS:
            answer = lab.avma(*words, output="text")
            assert answer.code == 4, answer.err
            assert "twin" in answer.out
            for text in (answer.out, answer.err):
                assert HARMFUL.search(text) is None, (words, ascii(HARMFUL.search(text)))


def test_what_programs_read_holds_it_whole(open_lab):
    with open_lab(TOPOLOGY) as lab:
        documents = [lab.avma(*words).document for words in (("verify",), ("facts", "--kvp"), ("moves",))]
        lines = lab.avma("verify", output="ndjson").out.splitlines()
    for document in (*documents, [json.loads(line) for line in lines]):
        assert {MARKUP, TERMINAL, QUOTES, BACKWARDS} <= set(texts(document))
    assert LONG in set(texts(documents[1])), "an item of the greatest length"


def texts(value: object) -> Iterator[str]:
    """Every text in a JSON document."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(part)


def test_the_reports_hold_it_as_text(open_lab, tmp_path: Path):
    folder = tmp_path / "report"
    with open_lab(TOPOLOGY) as lab:
        assert lab.avma("verify", "--report", str(folder)).code == 4
    page = (folder / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert "img" not in tags.found
    assert "script" not in tags.found
    assert "&lt;script&gt;" in page
    assert HARMFUL.search(page) is None
    cases = ET.parse(folder / "junit.xml").getroot().findall(".//testcase")
    assert len([case for case in cases if "twin" in str(case.get("name"))]) == 3
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in record["verdict"]["guests"]} >= {MARKUP, TERMINAL, QUOTES, BACKWARDS}
