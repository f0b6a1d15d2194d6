"""CredSSP by its tokens: who gets in, what a damaged exchange comes to, and bodies in TLS records."""

import base64
import random
from datetime import UTC, datetime
from typing import Any

import pytest
import spnego
from sim_protocol_lab import PASSWORD, USER

from harness.sim._echo import EchoMachine
from harness.sim.auth import AccountBook, Admitted, CredSsp, NtlmIdentity, SealBroken, Turned
from harness.sim.http import HttpRequest
from harness.sim.machine import Account


def door(*accounts: Account) -> CredSsp:
    machine = EchoMachine(accounts=accounts) if accounts else EchoMachine()
    identity = NtlmIdentity("ECHO", "10.0.20348", lambda: datetime.now(UTC), bindings=b"x" * 16, insist=True)
    return CredSsp(AccountBook(machine, lambda: 0.0, lockout_after=2), identity)


def request(token: bytes) -> HttpRequest:
    header = f"CredSSP {base64.b64encode(token).decode()}"
    return HttpRequest("POST", "/wsman", {"authorization": header}, b"")


def shake(found: CredSsp, user: str = USER, password: str = PASSWORD, damage: int = -1) -> tuple[Any, Any]:
    """Exchange tokens until somebody is done; ``damage`` flips a byte of that token. The client, and the verdict."""
    client = spnego.client(user, password, protocol="credssp")
    token = client.step()
    for number in range(12):
        assert token is not None
        if number == damage:
            place = random.Random(number).randrange(len(token))
            token = token[:place] + bytes([token[place] ^ 0x55]) + token[place + 1 :]
        verdict = found.judge(request(token))
        if isinstance(verdict, Admitted) or verdict is None or verdict.challenge is None:
            return client, verdict
        try:
            token = client.step(base64.b64decode(verdict.challenge.partition(" ")[2]))
        except spnego.exceptions.SpnegoError:
            return client, verdict
    raise AssertionError("the exchange does not end")


def test_the_right_password_gets_in_and_bodies_travel_in_records() -> None:
    client, verdict = shake(door())
    assert isinstance(verdict, Admitted)
    assert verdict.account.name == USER
    for body in (b"short", b"x" * 40_000, b"y" * 16_384):
        kind, sealed = verdict.sealer.close(body)
        assert kind.startswith("multipart/encrypted" if len(body) <= 16_384 else "multipart/x-multi-encrypted")
        assert body[:4] not in sealed.replace(b"x-multi", b"")
        assert opened(client, sealed) == body


def opened(client: Any, sealed: bytes) -> bytes:
    from pypsrp.encryption import WinRMEncryption

    return bytes(WinRMEncryption(client, WinRMEncryption.CREDSSP).unwrap_message(sealed, "Encrypted Boundary"))


def test_a_body_that_was_touched_does_not_open() -> None:
    from pypsrp.encryption import WinRMEncryption

    client, verdict = shake(door())
    kind, sealed = WinRMEncryption(client, WinRMEncryption.CREDSSP).wrap_message(b"<s:Envelope/>" * 10)
    kind = f'{kind};protocol="{WinRMEncryption.CREDSSP}";boundary="Encrypted Boundary"'
    for broken in (
        sealed[:-60] + b"\x00" + sealed[-59:],
        sealed.replace(b"Length=130", b"Length=131"),
        b"--Encrypted Boundary--\r\n",
        sealed[:200],
    ):
        other = shake(door())[1].sealer
        with pytest.raises(SealBroken):
            other.open(kind, broken)
    with pytest.raises(SealBroken):
        verdict.sealer.open(kind.replace("CredSSP", "SPNEGO"), sealed)
    assert verdict.sealer.open(kind, sealed) == b"<s:Envelope/>" * 10


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD)])
def test_nobody_else_gets_in(user: str, password: str) -> None:
    assert isinstance(shake(door(), user, password)[1], Turned)


def test_wrong_passwords_lock_the_account() -> None:
    found = door()
    for _ in range(2):
        shake(found, password="wrong")
    assert isinstance(shake(found)[1], Turned)


@pytest.mark.parametrize("number", range(5))
def test_a_damaged_token_ends_the_exchange_and_the_next_one_is_sound(number: int) -> None:
    found = door()
    assert isinstance(shake(found, damage=number)[1], Turned)
    assert isinstance(shake(found)[1], Admitted)


@pytest.mark.parametrize("token", [b"", b"\x00", b"NTLMSSP\x00", b"\x16\x03\x01\xff\xff", b"\x30\x84" * 40])
def test_what_is_no_token_is_turned_away(token: bytes) -> None:
    verdict = door().judge(request(token))
    assert isinstance(verdict, Turned)
    assert door().judge(HttpRequest("POST", "/wsman", {"authorization": "Basic eDp5"}, b"")) is None
