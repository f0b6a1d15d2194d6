"""A registered secret is masked in every disguise; public keys stay readable; nothing else is touched."""

import base64
import json
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.catalogue import keys
from harness.core.redaction import MASK, Redactor, mask_key

PASSWORD = "S3cret & \"quoted\" <pa/ss> 'wörd' 100%\\"
HOST_KEY = "QWRTY-23467-BCDFG-HJKMP-VWXYB"


def clixml(text: str) -> str:
    return "".join(f"_x{ord(c):04X}_" if c in "\"&<>'" else c for c in text)


def numeric(text: str) -> str:
    return "".join(f"&#x{ord(c):X};" for c in text)


def base64_inside(text: str, encoding: str, offset: int) -> str:
    return base64.b64encode(b"abcdef"[:offset] + text.encode(encoding) + b"tail").decode()


ENCODINGS = {
    "plain": lambda s: s,
    "json": lambda s: json.dumps(s)[1:-1],
    "json with non-ascii": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "json twice": lambda s: json.dumps(json.dumps(s))[1:-1],
    "url": lambda s: quote(s, safe=""),
    "url lower case": lambda s: quote(s, safe="").lower() if s.islower() else quote(s, safe=""),
    "xml": lambda s: escape(s, {'"': "&quot;", "'": "&apos;"}),
    "xml twice": lambda s: escape(escape(s)),
    "xml numeric": numeric,
    "clixml": clixml,
    "hex utf-8": lambda s: s.encode().hex(),
    "hex utf-16": lambda s: s.encode("utf-16-le").hex().upper(),
    "hex with colons": lambda s: s.encode().hex(":"),
    "hex dump": lambda s: s.encode("utf-16-le").hex(" "),
    "utf-16 read as bytes": lambda s: s.encode("utf-16-le").decode("latin-1"),
    "utf-8 read as bytes": lambda s: s.encode().decode("latin-1"),
    "base64 utf-8": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 utf-16": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "base64 url alphabet": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 utf-8 offset 1": lambda s: base64_inside(s, "utf-8", 1),
    "base64 utf-8 offset 2": lambda s: base64_inside(s, "utf-8", 2),
    "base64 utf-16 offset 1": lambda s: base64_inside(s, "utf-16-le", 1),
    "base64 utf-16 offset 2": lambda s: base64_inside(s, "utf-16-le", 2),
    "backwards": lambda s: s[::-1],
}


def leaks(secret: str, text: str) -> bool:
    """Whether a reader could take the secret, or all but its edge, out of the text again."""
    for offset in range(3):
        for encoding in ("utf-8", "utf-16-le"):
            encoded = base64.b64encode(bytes(offset) + secret.encode(encoding)).decode()
            if encoded[4:-4] and encoded[4:-4] in text:
                return True
    return secret in text or secret.encode().hex() in text.lower() or secret[::-1] in text


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("secret", [PASSWORD, "correct horse battery", "пароль-пример", "pa55wort", "秘密の合言葉"])
def test_a_password_is_masked_in_every_encoding(name: str, secret: str) -> None:
    redactor = Redactor()
    redactor.register(secret)
    disguised = ENCODINGS[name](secret)
    shown = redactor.redact(f"before {disguised} after")
    assert MASK in shown
    assert disguised not in shown
    assert not leaks(secret, shown)
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_host_key_is_masked_in_every_encoding_and_in_any_case(name: str) -> None:
    redactor = Redactor()
    redactor.register(HOST_KEY)
    for spelling in (HOST_KEY, HOST_KEY.lower(), HOST_KEY.replace("-", "")):
        shown = redactor.redact(f"<{ENCODINGS[name](spelling)}>")
        assert "23467" not in shown
        assert not leaks(spelling, shown)


@settings(deadline=None)
@given(st.text(min_size=4, max_size=30).filter(lambda s: bool(s.strip())), st.sampled_from(sorted(ENCODINGS)))
def test_any_secret_is_masked_in_every_encoding(secret: str, name: str) -> None:
    redactor = Redactor()
    redactor.register(secret)
    shown = redactor.redact(f"\n{ENCODINGS[name](secret)}\n")
    assert MASK in shown or "*****-" in shown


FORMS = (
    lambda c: c,
    lambda c: c + "\x00",
    lambda c: f"\\u{ord(c):04x}",
    lambda c: f"\\\\u{ord(c):04X}",
    lambda c: f"_x{ord(c):04X}_",
    lambda c: quote(c, safe="") if c in "<>\"'/#=!$" else f"%{ord(c):02x}",
    lambda c: f"&#{ord(c)};",
    lambda c: f"&amp;#x{ord(c):x};",
    lambda c: escape(c, {'"': "&quot;", "'": "&apos;"}),
    lambda c: f"\\{c}" if c in "\"'/<>$" else c,
)


@settings(deadline=None)
@given(
    st.text(st.sampled_from("abcXYZ019.-!#$=<>\"'/"), min_size=4, max_size=12).filter(lambda s: bool(s.strip("-."))),
    st.lists(st.integers(0, len(FORMS) - 1), min_size=12, max_size=12),
    st.sampled_from(["", "x", "\\", "%", "&", "_x0041_", "0x41 42 43 44 "]),
)
def test_each_character_may_wear_a_disguise_of_its_own(secret: str, forms: list[int], before: str) -> None:
    redactor = Redactor()
    redactor.register(secret)
    disguised = "".join(FORMS[form](c) for c, form in zip(secret, forms, strict=False))
    assert MASK in redactor.redact(f"{before} {disguised}")


def test_an_unregistered_product_key_keeps_only_its_last_five_characters() -> None:
    shown = Redactor().redact(f"Installed product key {HOST_KEY} successfully.")
    assert shown == "Installed product key *****-*****-*****-*****-VWXYB successfully."


@pytest.mark.parametrize("spelling", [HOST_KEY.lower(), HOST_KEY.replace("-", "\u2011"), HOST_KEY.replace("-", "")])
def test_an_unregistered_key_is_recognised_by_its_shape(spelling: str) -> None:
    text = spelling if "-" in spelling or "\u2011" in spelling else spelling.upper()
    assert "23467" not in Redactor().redact(text)


def test_a_key_in_utf_16_read_as_bytes_is_recognised_by_its_shape() -> None:
    shown = Redactor().redact(HOST_KEY.encode("utf-16-le").decode("latin-1"))
    assert "2\x003" not in shown


@pytest.mark.parametrize("row", keys(), ids=lambda row: f"{row.kind}-{row.release}-{row.edition}")
def test_public_keys_are_never_masked(row: object) -> None:
    key = str(row.key)  # type: ignore[attr-defined]
    redactor = Redactor()
    redactor.register(key)
    text = f"slmgr /ipk {key} and {key.lower()} and {key.replace('-', '')}"
    assert redactor.redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Application ID: 55c92734-d682-4d71-983e-d6ec3f16059f",
        "Extended PID: 03612-04297-000-000000-03-1033-17763.0000-1862025",
        "Installation ID: 189844539606059265855451803261440643485915018321605276862695924",
        "Partial Product Key: J464C",
        "*****-*****-*****-*****-78VHK",
        "hr=0xC004FD02",
    ],
)
def test_what_is_no_key_is_left_alone(text: str) -> None:
    assert Redactor().redact(text) == text


def test_masking_twice_changes_nothing_more() -> None:
    redactor = Redactor()
    redactor.register(PASSWORD)
    once = redactor.redact(f"{PASSWORD} {HOST_KEY}")
    assert redactor.redact(once) == once


def test_a_very_short_secret_is_masked_as_a_word_only() -> None:
    redactor = Redactor()
    redactor.register("ab")
    assert redactor.redact("ab about ab.") == f"{MASK} about {MASK}."


def test_empty_secrets_are_ignored() -> None:
    redactor = Redactor()
    redactor.register("")
    redactor.register("   ")
    assert redactor.redact("nothing  happens   here") == "nothing  happens   here"


def test_nested_data_is_masked_everywhere_and_keeps_its_shape() -> None:
    redactor = Redactor()
    redactor.register("hunter2hunter2")
    value = {
        "a": ["x hunter2hunter2", ("hunter2hunter2", 3, None)],
        "hunter2hunter2": {"hunter2hunter2"},
        "b": b"\x00\xffhunter2hunter2",
        "n": 1.5,
    }
    assert redactor.redact_value(value) == {
        "a": [f"x {MASK}", (MASK, 3, None)],
        MASK: {MASK},
        "b": b"\x00\xff" + MASK.encode(),
        "n": 1.5,
    }


def test_the_redactor_does_not_show_its_secrets() -> None:
    redactor = Redactor()
    redactor.register(PASSWORD)
    assert "S3cret" not in repr(redactor)
    assert repr(redactor) == "<Redactor secrets=1>"


def test_one_secret_inside_another_does_not_shield_it() -> None:
    redactor = Redactor()
    redactor.register("battery")
    redactor.register("correct horse battery staple")
    assert redactor.redact("correct horse battery staple") == MASK


@given(st.text(max_size=300))
def test_any_text_can_be_masked(text: str) -> None:
    redactor = Redactor()
    redactor.register(PASSWORD)
    assert isinstance(redactor.redact(text), str)


def test_a_masked_key_shows_its_tail() -> None:
    assert mask_key(HOST_KEY) == "*****-*****-*****-*****-VWXYB"
    assert mask_key("short") == "*****-*****-*****-*****-*****"
