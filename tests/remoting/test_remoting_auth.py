"""Every way to prove who asks, what each costs in requests, and what message encryption survives."""

import base64
import http.client
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spnego.exceptions
from pypsrp.encryption import WinRMEncryption
from remoting_lab import CREDENTIAL, PASSWORD, USER, Double, Lab, LoopThread, start_lab

from harness.core.errors import AuthenticationError, ProtocolError, Sent
from harness.core.model import Auth, CredentialEntry
from harness.remoting import PowerShellSession, Statement, cmd, open_powershell, open_shell
from harness.remoting._auth import Negotiated, Plain
from harness.remoting._endpoint import Endpoint
from harness.remoting._wire import Reply
from harness.sim.faults import Fault

ASK = [Statement((cmd("Write-Output", "a"),))]
SEALED = [("http", Auth.NTLM), ("http", Auth.NEGOTIATE)]
WAYS = [*SEALED, ("https", Auth.NTLM), ("https", Auth.NEGOTIATE), ("https", Auth.BASIC)]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{way[1]}")
def session(lab: Lab, request: pytest.FixtureRequest) -> Iterator[PowerShellSession]:
    with open_powershell(lab.connection(*request.param), CREDENTIAL, target="hv01") as session:
        yield session


def test_every_way_in_works_on_one_connection(lab: Lab, session: PowerShellSession) -> None:
    for _ in range(3):
        assert session.run(ASK, seconds=10).output == ("a",)
    assert lab.connections == 1


@pytest.mark.parametrize(
    ("scheme", "auth", "refused"),
    [
        ("https", Auth.BASIC, 0),
        ("https", Auth.NTLM, 1),
        ("https", Auth.NEGOTIATE, 1),
        ("http", Auth.NTLM, 1),
        ("http", Auth.NEGOTIATE, 1),
    ],
)
def test_the_token_goes_with_the_first_request_so_that_only_the_challenge_is_a_401(
    lab: Lab, scheme: str, auth: Auth, refused: int
) -> None:
    with open_powershell(lab.connection(scheme, auth), CREDENTIAL, target="hv01") as session:
        session.run(ASK, seconds=10)
    assert lab.server.counters[lab.machine.name].unauthorized == refused


def test_a_client_certificate_opens_a_session_and_a_shell(lab: Lab) -> None:
    shown = lab.authority.issue_client(USER)
    entry = CredentialEntry("lab", None, None, str(shown.certificate_path), str(shown.key_path))
    connection = lab.connection(auth=Auth.CERTIFICATE)
    with open_powershell(connection, None, target="hv01", entry=entry) as session:
        assert session.run(ASK, seconds=10).output == ("a",)
    shell = open_shell(connection, None, target="hv01", entry=entry)
    assert shell.run("hostname", [], seconds=10).exit_code == 0
    shell.close()
    assert {session.account.name for session in lab.machine.sessions} == {USER}


def test_a_client_certificate_that_is_mapped_to_nobody_is_refused(lab: Lab) -> None:
    shown = lab.authority.issue_client("stranger")
    entry = CredentialEntry("lab", None, None, str(shown.certificate_path), str(shown.key_path))
    with (
        open_powershell(lab.connection(auth=Auth.CERTIFICATE), None, target="hv01", entry=entry) as session,
        pytest.raises(AuthenticationError, match="certmapping"),
    ):
        session.run(ASK, seconds=10)


@pytest.mark.parametrize("auth", [Auth.NTLM, Auth.NEGOTIATE])
def test_a_listener_that_insists_on_channel_binding_gets_it(
    loop_thread: LoopThread, tmp_path: Path, auth: Auth
) -> None:
    lab = start_lab(loop_thread, tmp_path, channel_binding="strict")
    with open_powershell(lab.connection("https", auth), CREDENTIAL, target="hv01") as session:
        assert session.run(ASK, seconds=10).output == ("a",)
    lab.close()


def test_a_connection_that_the_listener_closed_while_idle_is_made_anew_with_its_encryption(
    lab: Lab, session: PowerShellSession
) -> None:
    """A pypsrp WSMan seals with the old context from here on, and every later request fails."""
    session.run(ASK, seconds=10)
    for connections in (2, 3, 4):
        lab.hang_up()
        assert session.run(ASK, seconds=10).output == ("a",)
        assert lab.connections == connections
    assert lab.requests["Create"] == 1


def test_an_answer_sent_twice_is_not_taken_for_the_next_one(lab: Lab, session: PowerShellSession) -> None:
    session.run(ASK, seconds=10)
    lab.strike(Fault("duplicated", "after", action="Receive:Write-Output"))
    for _ in range(3):
        assert session.run(ASK, seconds=10).output == ("a",)


def test_the_older_powershells_are_spoken_to_in_their_own_version(loop_thread: LoopThread, tmp_path: Path) -> None:
    for version in ("2.1", "2.2"):
        lab = start_lab(loop_thread, tmp_path / version, machine=Double(protocol_version=version))
        with open_powershell(lab.connection("http", Auth.NTLM), CREDENTIAL, target="hv01") as session:
            assert session.run(ASK, seconds=10).output == ("a",)
        lab.close()


def test_the_environments_proxies_and_bundles_do_not_count(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.9.250:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with open_powershell(lab.connection(), CREDENTIAL, target="hv01") as session:
        assert session.run(ASK, seconds=10).output == ("a",)


# ---- what no listener in reach does: a greeting alone, against answers that a test makes up ----


def reply(status: int, *challenges: str, body: bytes = b"", kind: str = "") -> Reply:
    headers = http.client.HTTPMessage()
    for challenge in challenges:
        headers["WWW-Authenticate"] = challenge
    if kind:
        headers["Content-Type"] = kind
    return Reply(status, headers, body)


class Context:
    """A security context that opens nothing."""

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        raise spnego.exceptions.BadMICError(context_msg="test")


def sealed_greeting() -> Negotiated:
    greeting = Negotiated(Endpoint("hv01.lab", 5985, "http"), Auth.NTLM, CREDENTIAL, sealed=True)
    greeting._seal = WinRMEncryption(Context(), WinRMEncryption.SPNEGO)
    return greeting


def test_an_open_answer_to_a_sealed_request_is_not_believed_but_an_open_refusal_is_read() -> None:
    greeting = sealed_greeting()
    with pytest.raises(ProtocolError, match="in the clear") as caught:
        greeting.unwrap(reply(200, body=b"<forged/>"))
    assert caught.value.sent is Sent.YES
    assert greeting.unwrap(reply(500, body=b"<fault/>")) == b"<fault/>"


@pytest.mark.parametrize(
    "body", [b"", b"--Encrypted Boundary\r\nLength=5\r\n--Encrypted Boundary\r\n\x04\0\0\0abcd", b"x"]
)
def test_an_answer_that_does_not_decrypt_is_told_as_such(body: bytes) -> None:
    kind = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
    greeting = sealed_greeting()
    if body:
        with pytest.raises(ProtocolError, match="cannot be decrypted"):
            greeting.unwrap(reply(200, body=body, kind=kind))
    else:
        assert greeting.unwrap(reply(200, kind=kind)) == b""


def greet(auth: Auth, *answers: Reply, sealed: bool = False) -> tuple[list[str], Any]:
    """The Authorization headers that a greeting sends to these answers, and how it ends."""
    waiting, sent = list(answers), []

    def exchange(headers: Any, body: bytes) -> Reply:
        sent.append(dict(headers)["Authorization"])
        return waiting.pop(0)

    greeting = Negotiated(Endpoint("hv01.lab", 5986, "https"), auth, CREDENTIAL, sealed=sealed)
    try:
        return sent, greeting.first(exchange, b"<envelope/>", None)
    except (AuthenticationError, ProtocolError) as error:
        return sent, error


def test_an_answer_that_is_neither_welcome_nor_challenge_is_handed_on() -> None:
    _, ending = greet(Auth.NTLM, reply(503), sealed=True)
    assert ending.status == 503


def test_a_listener_that_welcomes_before_the_handshake_is_through_is_not_sealed_with() -> None:
    _, ending = greet(Auth.NTLM, reply(200), sealed=True)
    assert isinstance(ending, ProtocolError)
    assert ending.sent is Sent.NO


def test_where_negotiate_is_switched_off_kerberos_alone_is_tried() -> None:
    sent, ending = greet(Auth.NEGOTIATE, reply(401, "Kerberos", 'Basic realm="WSMAN"'))
    assert [header.split()[0] for header in sent] in (["Negotiate"], ["Negotiate", "Kerberos"])
    assert isinstance(ending, AuthenticationError)
    assert "kerberos" in str(ending).lower() or "negotiate" in str(ending).lower()


def test_a_challenge_that_is_no_base64_is_no_challenge() -> None:
    _, ending = greet(Auth.NTLM, reply(401, "Negotiate ===="))
    assert isinstance(ending, AuthenticationError)


def test_credssp_begins_under_its_own_name() -> None:
    sent, ending = greet(Auth.CREDSSP, reply(401, "Negotiate"))
    assert sent[0].startswith("CredSSP ")
    assert "does not offer credssp authentication, only Negotiate" in str(ending)


def test_kerberos_to_an_ip_address_says_why_that_cannot_be() -> None:
    greeting = Negotiated(Endpoint("10.0.0.5", 5986, "https"), Auth.KERBEROS, CREDENTIAL, sealed=False)
    assert "not its IP address" in str(greeting.refused(reply(401, "Negotiate")))


# ---- secrets ----


def spellings(secret: str) -> list[str]:
    raw = [secret.encode(), secret.encode("utf-16-le"), f"{USER}:{secret}".encode()]
    return [secret, repr(secret)[1:-1], *(base64.b64encode(r).decode() for r in raw), *(r.hex() for r in raw)]


def test_no_secret_reaches_a_log_an_error_or_a_repr(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("pypsrp", "pypsrp.wsman", "pypsrp.messages", "winrm", "spnego", "spnego._ntlm", "urllib3"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    key = "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY"
    texts = []
    for scheme, auth in WAYS:
        for fault in ("http_500", "reset", "truncated", "wsman_500"):
            lab.on_loop(lab.server.faults.clear)
            phase = "after" if fault == "truncated" else "before"
            lab.strike(Fault(fault, phase, action="Receive:Write-Output"))
            session = open_powershell(lab.connection(scheme, auth), CREDENTIAL, target="hv01")
            texts.append(repr(session))
            try:
                session.run([Statement((cmd("Write-Output", key, CREDENTIAL),))], seconds=10)
            except Exception as error:  # noqa: BLE001 - whatever it is, it may not tell
                chain: BaseException | None = error
                while chain is not None:
                    texts += [str(chain), repr(chain), repr(vars(chain))]
                    chain = chain.__cause__ or chain.__context__
            session.close()
    assert len(texts) > 60
    # The acceptor of the lab runs in this process too and may say what it likes; the harness may not.
    logged = "\n".join(r.getMessage() for r in caplog.records if r.threadName != "lab loop")
    everything = logged + "\n".join(texts)
    for secret in (PASSWORD, key):
        assert [form for form in spellings(secret) if form in everything] == []
    assert "<s:Envelope" not in everything


def test_a_credential_shows_no_password() -> None:
    assert PASSWORD not in repr(CREDENTIAL)
    assert PASSWORD not in repr(Plain(Auth.BASIC, CREDENTIAL))
