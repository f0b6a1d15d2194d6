"""Damaged requests of every layer: whatever comes, the lab answers or drops it, and keeps neither shell nor task.

The number of requests comes from FUZZ_REQUESTS, so that a long run uses the same code as the short one of each test
run.
"""

import asyncio
import base64
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
import spnego
from sim_protocol_lab import PASSWORD, USER
from sim_wire import CMD, POWERSHELL, SHELL, TRANSFER, PoolClient, Wire, command_xml

from harness.sim._echo import EchoMachine
from harness.sim.auth import AccountBook, Negotiate, NtlmIdentity, SealBroken, Turned
from harness.sim.auth._ntlm import NtlmSession
from harness.sim.auth._ntlm_messages import Flags
from harness.sim.auth._sealing import MultipartSealer
from harness.sim.http import BadRequest, HttpRequest, RequestReader
from harness.sim.machine import Account
from harness.sim.psrp import Pool, PoolSettings, ProtocolError
from harness.sim.wsman import Access, Caller, Limits, Surroundings, WsmanService, random_ids

ROUNDS = int(os.environ.get("FUZZ_REQUESTS", "5000")) // 5
"""Requests for each of the five layers."""

OPTIONS = {"ntlm": spnego.NegotiateOptions.use_ntlm, "negotiate": spnego.NegotiateOptions.use_negotiate}
ACCOUNT = Account(USER, "ECHO", PASSWORD)
CALLER = Caller(ACCOUNT, "127.0.0.1", "http://127.0.0.1:5985/wsman")
COMMAND_ID = "356E6DC2-6889-4305-9FE6-8B03F44D7210"
MARKS = b'< > & " ]]> &#0; <!DOCTYPE <x/> 99999999999999999999 -1 PT AAAA = uuid: _x0000_ RefId'
PIECES = [*MARKS.split(), b"\x00", b"\xff" * 8, b"\r\n\r\n", b"\xef\xbb\xbf", b"NTLMSSP\x00", b"\x30\x84"]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """One to four places cut, doubled, swapped or overwritten."""
    for _ in range(dice.randint(1, 4)):
        place, length = dice.randrange(len(data) + 1), dice.choice((0, 1, 2, 8, 40))
        piece = dice.choice((b"", dice.choice(PIECES), bytes([dice.randrange(256)]), data[place : place + 30]))
        data = data[:place] + (b"" if dice.random() < 0.05 else piece + data[place + length :])
    return data


class Build(Wire):
    """Makes envelopes and sends them nowhere."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 5985)

    def made(self, action: str, resource: str, body: str, shell: str = "") -> bytes:
        selector = f'<wsman:SelectorSet><wsman:Selector Name="ShellId">{shell}</wsman:Selector></wsman:SelectorSet>'
        return self.envelope(self.fields(action, resource, "PT0.001S") + selector, body).encode()


def service() -> WsmanService:
    limits = Limits(max_shells_per_user=1_000_000, max_operations_per_user=1_000_000, max_commands_per_shell=1_000_000)
    around = Surroundings(lambda: 0.0, lambda: datetime.now(UTC), random_ids())
    return WsmanService(EchoMachine(), limits, Access(), around)


def envelopes(pool: PoolClient) -> list[bytes]:
    build = Build()
    streams = "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
    xml = f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{PoolClient().creation()}</creationXml>'
    data = pool.message(0x00021006, command_xml("Write-Output", "x"), UUID(COMMAND_ID))
    arguments = f"<rsp:Command/><rsp:Arguments>{data}</rsp:Arguments>"
    line = f'<rsp:CommandLine CommandId="{COMMAND_ID}">{arguments}</rsp:CommandLine>'
    stream = f'<rsp:Stream Name="stdin" CommandId="{COMMAND_ID}">{data}</rsp:Stream>'
    desired = f'<rsp:DesiredStream CommandId="{COMMAND_ID}">stdout</rsp:DesiredStream>'
    signal = f'<rsp:Signal CommandId="{COMMAND_ID}"><rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>'
    return [
        build.made(f"{TRANSFER}/Create", POWERSHELL, f"<rsp:Shell>{streams}{xml}</rsp:Shell>"),
        build.made(f"{TRANSFER}/Create", CMD, f"<rsp:Shell>{streams}</rsp:Shell>"),
        build.made(f"{SHELL}/Command", POWERSHELL, line, pool.shell),
        build.made(f"{SHELL}/Send", POWERSHELL, f"<rsp:Send>{stream}</rsp:Send>", pool.shell),
        build.made(f"{SHELL}/Receive", POWERSHELL, f"<rsp:Receive>{desired}</rsp:Receive>", pool.shell),
        build.made(f"{SHELL}/Signal", POWERSHELL, signal, pool.shell),
        build.made(f"{SHELL}/Disconnect", POWERSHELL, "<rsp:Disconnect/>", pool.shell),
        build.made(f"{TRANSFER}/Get", SHELL, "", pool.shell),
        build.made("http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate", SHELL, "<wsen:Enumerate/>"),
    ]


def test_a_damaged_envelope_is_answered_and_leaves_no_shell_that_its_owner_cannot_delete() -> None:
    async def run() -> None:
        dice = random.Random(1)
        lab = service()
        pool = PoolClient()
        await _open(lab, pool)
        intact = envelopes(pool)
        for _ in range(ROUNDS):
            answer = await lab.handle(damaged(dice.choice(intact), dice), CALLER)
            assert answer.status in (200, 500)
            assert answer.body.endswith(b"</s:Body></s:Envelope>")
            if pool.shell not in {shell.id for shell in lab.shells}:
                await _open(lab, pool)
                intact = envelopes(pool)
        for shell in lab.shells.owned_by(ACCOUNT):
            raw = Build().made(f"{TRANSFER}/Delete", shell.resource, "", shell.id)
            assert (await lab.handle(raw, CALLER)).status == 200
        assert len(lab.shells) == 0
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


async def _open(lab: WsmanService, pool: PoolClient) -> None:
    pool.id = UUID(int=random.Random(str(pool.id)).getrandbits(128), version=4)
    xml = f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{pool.creation()}</creationXml>'
    body = f'<rsp:Shell ShellId="{pool.shown}">{xml}</rsp:Shell>'
    answer = await lab.handle(Build().made(f"{TRANSFER}/Create", POWERSHELL, body), CALLER)
    assert answer.status == 200, answer.body
    pool.shell = pool.shown


def test_damaged_fragments_are_taken_or_refused_by_name() -> None:
    dice = random.Random(2)
    for _ in range(ROUNDS):
        client = PoolClient()
        data = base64.b64decode(client.creation()) + client.fragment(
            0x00021006, command_xml("Write-Output", "x", no_input=dice.random() < 0.5), UUID(COMMAND_ID)
        )
        pool = Pool(PoolSettings(), lambda *_: None)
        broken = damaged(data, dice)
        cut = dice.randrange(len(broken) + 1)
        _must_only_raise(ProtocolError, lambda: pool.feed(broken[:cut]))  # noqa: B023 - called at once
        _must_only_raise(ProtocolError, lambda: pool.feed(broken[cut:]))  # noqa: B023


def _must_only_raise(kind: type[Exception], act: Callable[[], object]) -> None:
    try:
        act()
    except kind:
        return


def test_damaged_tokens_never_let_anyone_in() -> None:
    dice = random.Random(3)
    machine = EchoMachine()
    book = AccountBook(machine, lambda: 0.0)
    identity = NtlmIdentity("ECHO", "10.0.20348", lambda: datetime.now(UTC), bindings=b"x" * 16)
    for number in range(ROUNDS // 4):
        door = Negotiate(book, identity)
        # raw NTLM with the right password: its MIC covers every byte; SPNEGO around it leaves some uncovered
        protocol, password = (("ntlm", PASSWORD), ("negotiate", "wrong"))[number % 2]
        client = spnego.client(USER, password, protocol=protocol, options=OPTIONS[protocol])
        first = client.step() or b""
        if dice.random() < 0.5:
            first = damaged(first, dice)
        answer = door.judge(_with_token(first))
        assert isinstance(answer, Turned)
        if answer.challenge is not None:
            _, _, text = answer.challenge.partition(" ")
            try:
                intact = client.step(base64.b64decode(text)) or b""
            except spnego.exceptions.SpnegoError:
                continue  # the damage to its first token reached the challenge
            second = damaged(intact, dice)
            assert second == intact or isinstance(door.judge(_with_token(second)), Turned)


def _with_token(token: bytes) -> HttpRequest:
    return HttpRequest("POST", "/wsman", {"authorization": f"Negotiate {base64.b64encode(token).decode()}"}, b"")


def test_damaged_cipher_texts_do_not_open() -> None:
    dice = random.Random(4)
    kind = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
    flags = Flags.KEY_128 | Flags.KEY_EXCH | Flags.SEAL | Flags.SIGN | Flags.EXTENDED_SESSION_SECURITY
    body = b"<s:Envelope>" + b"x" * 200 + b"</s:Envelope>"
    _, intact = MultipartSealer(NtlmSession(flags, b"k" * 16)).close(body)
    for _ in range(ROUNDS):
        broken = damaged(intact, dice)
        with pytest.raises(SealBroken):
            MultipartSealer(NtlmSession(flags, b"k" * 16)).open(kind, broken)


def test_damaged_http_is_read_or_refused_by_name() -> None:
    dice = random.Random(5)
    intact = (
        b"POST /wsman HTTP/1.1\r\nHost: h:5985\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
        b"Authorization: Basic eDp5\r\nContent-Length: 12\r\n\r\nhello worldx"
        b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    for _ in range(ROUNDS):
        reader = RequestReader(1000)
        reader.feed(damaged(intact, dice))
        for _ in range(5):
            try:
                request = reader.next()
            except BadRequest:
                break
            if request is None:
                break
            assert len(request.body) <= 1000
            assert " " not in request.path
