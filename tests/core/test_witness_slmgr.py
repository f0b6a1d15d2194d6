"""What changes the look of an output changes nothing of what it says; no text breaks the parser."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.witnesses import SlmgrReport, decode_answer, explain, parse_slmgr

HERE = Path(__file__).parents[1]
CASES = HERE / "cases" / "slmgr"
PLAIN = sorted(
    path.stem
    for path in CASES.glob("*.txt")
    if not path.stem.startswith(("shape-", "codepage-", "en-session", "en-dialog", "empty", "foreign"))
)
LISTINGS = [name for name in PLAIN if "-dlv-" in name or "-dli-" in name]
SAMPLE = PLAIN[::4]
"""Every fourth in the order of names: all languages and kinds are among them."""


def text_of(name: str) -> str:
    return decode_answer((CASES / f"{name}.txt").read_bytes())


def wrapped(width: int) -> Callable[[str], str]:
    def wrap(text: str) -> str:
        lines = text.split("\n")
        return "\n".join("\n".join(line[i : i + width] for i in range(0, max(len(line), 1), width)) for line in lines)

    return wrap


LOOKS: dict[str, Callable[[str], str]] = {
    "crlf": lambda t: t.replace("\n", "\r\n"),
    "cr": lambda t: t.replace("\n", "\r"),
    "byte order mark": lambda t: "\ufeff" + t,
    "nul behind each character": lambda t: "".join(c + "\x00" for c in t),
    "logo": lambda t: "Microsoft (R) Windows Script Host Version 5.812\nCopyright (C) Microsoft Corp.\n\n" + t,
    "blank lines": lambda t: t.replace("\n", "\n\n"),
    "trailing blanks": lambda t: t.replace("\n", "   \n"),
    "padded to 120": lambda t: "\n".join(line.ljust(120) for line in t.split("\n")),
    "quoted": lambda t: "".join(f"> {line}\n" for line in t.split("\n")),
    "fenced": lambda t: f"```text\n{t}\n```\n",
    "indented": lambda t: "\n".join("    " + line for line in t.split("\n")),
    "non-breaking spaces": lambda t: t.replace(" ", "\u00a0"),
    "full-width colons": lambda t: t.replace(": ", "："),
    "blank behind": lambda t: t + "\n\n\n",
    "zero-width marks": lambda t: t.replace(": ", ": \u200e"),
}


def said(report: SlmgrReport) -> dict[str, object]:
    found = asdict(report)
    for product in found["products"]:
        # the line's own text keeps the look
        product.pop("expiration")
    return found


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SAMPLE)
def test_a_look_changes_nothing_that_is_said(name: str, look: str) -> None:
    text = text_of(name)
    assert said(parse_slmgr(LOOKS[look](text))) == said(parse_slmgr(text))


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", LISTINGS)
def test_a_wrap_inside_words_changes_nothing_that_is_said(name: str, width: int) -> None:
    text = text_of(name)
    found, wanted = parse_slmgr(wrapped(width)(text)), parse_slmgr(text)
    assert said(found)["products"] == said(wanted)["products"]
    assert (found.kind, found.codes, found.service_version) == (wanted.kind, wanted.codes, wanted.service_version)


@pytest.mark.parametrize("name", LISTINGS[::3])
def test_a_prompt_before_it_adds_only_the_verb(name: str) -> None:
    text = text_of(name)
    verb = "dlv" if "-dlv-" in name else "dli"
    prompted = parse_slmgr(f"PS C:\\Users\\op> cscript //nologo C:\\Windows\\System32\\slmgr.vbs /{verb}\n{text}")
    wanted = parse_slmgr(text)
    kind = wanted.kind if wanted.products else verb
    assert said(prompted) == said(replace(wanted, verbs=(verb,), kind=kind))


@pytest.mark.parametrize("name", LISTINGS[::8])
def test_each_half_of_a_listing_can_be_read(name: str) -> None:
    lines = text_of(name).split("\n")
    for cut in range(len(lines)):
        parse_slmgr("\n".join(lines[:cut]))
        parse_slmgr("\n".join(lines[cut:]))


def test_a_listing_cut_short_never_claims_more_than_the_whole() -> None:
    lines = text_of("en-dlv-avma-host-not-activated").split("\n")
    for cut in range(len(lines)):
        for part in (lines[:cut], lines[cut:]):
            assert explain("\n".join(part)).verdict != "activated"


def transcripts() -> Path | None:
    given = os.environ.get("AVMA_TRANSCRIPTS")
    place = Path(given) if given else HERE.parents[1] / "shared" / "transcripts"
    return place if place.is_dir() else None


STATES = {"Unlicensed": 0, "Licensed": 1, "Initial grace period": 2, "Notification": 5}


def test_recorded_transcripts_yield_the_fields_of_their_neighbours() -> None:
    place = transcripts()
    if place is None:
        pytest.skip("no recorded transcripts here: set AVMA_TRANSCRIPTS to their folder")
    neighbours = sorted(place.rglob("*.json"))
    assert neighbours
    wrong: list[str] = []
    for neighbour in neighbours:
        wanted = json.loads(neighbour.read_text(encoding="utf-8"))
        report = parse_slmgr(decode_answer(neighbour.with_suffix(".txt").read_bytes()))
        product = report.windows or next(iter(report.products))
        host = product.avma.host_machine_name if product.avma else None
        fields = {
            "command": (str(wanted["command"]).rsplit("/", 1)[-1], report.kind),
            "language": (wanted["language"], report.language),
            "license_status": (STATES.get(wanted["license_status"]), product.license_status),
            "expiration_minutes": (wanted.get("expiration_minutes"), product.expires_minutes),
            "host_machine_name": (wanted.get("host_machine_name"), host),
            "service_version": (wanted.get("service_version"), report.service_version),
        }
        for name in (
            "name",
            "description",
            "edition",
            "channel",
            "partial_product_key",
            "product_key_channel",
            "activation_id",
            "notification_reason",
            "expiration",
        ):
            fields[name] = (wanted.get(name), getattr(product, name))
        wrong += [
            f"{neighbour.name} {name}: {got!r}, not {want!r}" for name, (want, got) in fields.items() if want != got
        ]
    assert not wrong, "\n".join(wrong)


PIECES = st.sampled_from(
    [
        "Name: Windows(R), ServerStandard edition",
        "Description: Windows(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel",
        "Application ID: 55c92734-d682-4d71-983e-d6ec3f16059f",
        "Partial Product Key: 78VHK",
        "License Status: Licensed",
        "License Status:",
        ":",
        "：：：",
        "0x",
        "0xC004FD0",
        "2",
        "Guest IAID: Not Available",
        "    Host machine name: ",
        "Activation time:",
        "Host Digital PID2: x",
        "slmgr /dlv",
        "PS C:\\> slmgr.vbs /ato",
        "(00000000-0000-0000-0000-000000000000) ...",
        "<Event><System><EventID>12309</EventID></System></Event>",
        "<Event ",
        "EventID : 12309",
        "Message : x",
        "> > >",
        "```",
        "**",
        "\\",
        "12345678-1234-1234-1234-1234567890",
        "12",
        "minute(s) (7 day(s))",
        "10080 minute(s) (7 day(s))",
        "\x00\ufffe\ud800",
        "=" * 80,
        "LicenseStatus : 99999999999999999999",
        "ProductKeyChannel : VT:IA",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_the_parser(text: str) -> None:
    assert isinstance(parse_slmgr(text), SlmgrReport)
    assert explain(text).verdict in {"activated", "not_activated", "not_applicable", "unknown"}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=25), st.sampled_from(["\n", "", " ", "\r\n"]))
def test_no_heap_of_pieces_breaks_the_parser(pieces: list[str], glue: str) -> None:
    text = glue.join(pieces)
    assert explain(text).verdict in {"activated", "not_activated", "not_applicable", "unknown"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    assert isinstance(decode_answer(data), str)
