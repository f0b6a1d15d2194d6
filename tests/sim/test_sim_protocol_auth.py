"""Authentication and message encryption, with unmodified clients (pypsrp on pyspnego, pywinrm on requests_ntlm)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import winrm
from pypsrp.exceptions import AuthenticationError
from pypsrp.powershell import PowerShell, RunspacePool
from sim_protocol_lab import ADDRESS, PASSWORD, USER, Lab, LoopThread, start_lab
from winrm.exceptions import InvalidCredentialsError

from harness.sim._echo import EchoMachine
from harness.sim.auth._md4 import md4, nt_hash
from harness.sim.machine import Account

Serve = Callable[..., Lab]


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def serve(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Serve]:
    labs: list[Lab] = []

    def make(**options: Any) -> Lab:
        options.setdefault("allow_unencrypted", False)
        labs.append(start_lab(loop_thread, tmp_path / str(len(labs)), **options))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


def echo(lab: Lab, **options: Any) -> object:
    with RunspacePool(lab.wsman(**options)) as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Write-Output").add_argument("here")
        return shell.invoke()[0]


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (
            b"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "e33b4ddc9c38f2199c3e7b164fcc0536",
        ),
    ],
)
def test_md4_gives_the_digests_of_rfc_1320(data: bytes, digest: str) -> None:
    assert md4(data).hex() == digest


def test_the_hash_of_a_password_is_that_of_ms_nlmp_4_2_2_1_2() -> None:
    assert nt_hash("Password").hex() == "a4f49c406510bdcab6824ee7c30fd852"


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
@pytest.mark.parametrize(
    "options", [{"secure": False}, {"secure": True}, {"secure": True, "encryption": "always"}], ids=str
)
def test_pypsrp_gets_in_with_ntlm_and_encrypts_where_it_must(serve: Serve, auth: str, options: dict[str, Any]) -> None:
    lab = serve()
    assert echo(lab, auth=auth, **options) == "here"
    assert lab.machine.sessions[0].account.name == USER


def test_ntlm_over_http_costs_three_requests_and_over_https_two(serve: Serve) -> None:
    lab = serve()
    echo(lab, auth="ntlm", secure=False)
    assert lab.counters.unauthorized == 2
    lab.counters.clear()
    echo(lab, auth="ntlm", secure=True)
    assert lab.counters.unauthorized == 2


@pytest.mark.parametrize("encryption", ["auto", "never"])
@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
def test_pywinrm_gets_in_with_ntlm(serve: Serve, secure: bool, encryption: str) -> None:
    lab = serve(allow_unencrypted=encryption == "never")
    session = winrm.Session(
        lab.url(secure=secure),
        auth=(USER, PASSWORD),
        transport="ntlm",
        ca_trust_path=str(lab.authority.path),
        message_encryption=encryption,
    )
    answer = session.run_cmd("echo", ["hi"])
    session.protocol.transport.close_session()
    assert answer.std_out == b"echo hi\r\n"


@pytest.mark.parametrize("name", [f"ECHO\\{USER}", f".\\{USER}", USER.upper(), f"echo\\{USER}"])
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_local_account_has_several_written_forms(serve: Serve, name: str, auth: str) -> None:
    if auth == "ntlm" and name.startswith("."):
        name = name[2:]
    assert echo(serve(), username=name, auth=auth) == "here"


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
@pytest.mark.parametrize(
    "account",
    [
        Account(USER, "ECHO", "another"),
        Account("somebody", "ECHO", PASSWORD),
        Account(USER, "ECHO", PASSWORD, enabled=False),
        Account(USER, "ECHO", PASSWORD, expired=True),
    ],
    ids=["wrong password", "unknown user", "disabled", "expired"],
)
def test_who_may_not_log_on_is_refused(serve: Serve, account: Account, auth: str) -> None:
    lab = serve(machine=EchoMachine(accounts=(account,)))
    with pytest.raises(AuthenticationError):
        echo(lab, auth=auth)
    assert lab.counters.shells == 0


def test_pywinrm_says_credentials_were_rejected(serve: Serve) -> None:
    lab = serve()
    session = winrm.Session(
        lab.url(secure=False), auth=(USER, "wrong"), transport="ntlm", ca_trust_path=str(lab.authority.path)
    )
    with pytest.raises(InvalidCredentialsError):
        session.run_cmd("echo")
    session.protocol.transport.close_session()


def test_an_account_locks_after_wrong_passwords(serve: Serve) -> None:
    lab = serve(lockout_after=2)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            echo(lab, password="wrong", auth="ntlm")
    with pytest.raises(AuthenticationError):
        echo(lab)


def test_basic_over_http_is_answered_500_without_allow_unencrypted(serve: Serve) -> None:
    lab = serve()
    answer = requests.post(lab.url(secure=False), data=b"<x/>", auth=(USER, PASSWORD), timeout=10)
    assert (answer.status_code, answer.content) == (500, b"")


def test_strict_channel_binding_refuses_a_client_without_and_takes_one_with(serve: Serve) -> None:
    lab = serve(channel_binding="strict")
    assert echo(lab, auth="ntlm") == "here"
    with pytest.raises(AuthenticationError):
        echo(lab, auth="ntlm", negotiate_send_cbt=False)


def test_relaxed_channel_binding_takes_a_client_without(serve: Serve) -> None:
    assert echo(serve(channel_binding="relaxed"), auth="ntlm", negotiate_send_cbt=False) == "here"


def test_a_client_certificate_names_its_account(serve: Serve) -> None:
    lab = serve()
    mine = lab.authority.issue_client(USER)
    paths = {"certificate_pem": str(mine.certificate_path), "certificate_key_pem": str(mine.key_path)}
    assert echo(lab, auth="certificate", username=None, password=None, **paths) == "here"
    assert lab.machine.sessions[0].account.name == USER


def test_a_client_certificate_of_a_stranger_is_refused(serve: Serve) -> None:
    lab = serve()
    other = lab.authority.issue_client("nobody")
    paths = {"certificate_pem": str(other.certificate_path), "certificate_key_pem": str(other.key_path)}
    with pytest.raises(AuthenticationError):
        echo(lab, auth="certificate", username=None, password=None, **paths)


@pytest.mark.parametrize(
    ("flavour", "words"),
    [
        ("expired", "certificate has expired"),
        ("wrong_name", "mismatch"),
        ("unknown_ca", "unable to get local issuer certificate"),
        ("self_signed", "self-signed certificate"),
    ],
)
def test_each_bad_certificate_is_bad_in_its_own_way(serve: Serve, flavour: str, words: str) -> None:
    lab = serve(flavour=flavour)
    with pytest.raises(requests.exceptions.SSLError, match=words):
        echo(lab)
    assert lab.counters.requests == {}


def test_each_machine_tells_its_own_name_in_the_challenge(serve: Serve) -> None:
    import base64

    lab = serve(machine=EchoMachine(name="HV-01", accounts=(Account(USER, "HV-01", PASSWORD),)))
    token = base64.b64encode(b"NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2" + bytes(16)).decode()
    answer = requests.post(lab.url(secure=False), headers={"Authorization": f"Negotiate {token}"}, timeout=10)
    challenge = base64.b64decode(answer.headers["WWW-Authenticate"].partition(" ")[2])
    assert answer.status_code == 401
    assert "Connection" not in answer.headers
    assert "HV-01".encode("utf-16-le") in challenge


@pytest.mark.parametrize("length", [0, 1, 8, 11, 12, 15, 40, 63, 64, 80, 200])
@pytest.mark.parametrize("kind", [1, 3, 7])
def test_a_cut_or_foreign_token_is_refused_and_the_next_client_gets_in(serve: Serve, length: int, kind: int) -> None:
    import base64

    lab = serve()
    token = base64.b64encode((b"NTLMSSP\x00" + bytes([kind]) + bytes(300))[:length]).decode()
    answer = requests.post(lab.url(secure=False), headers={"Authorization": f"Negotiate {token}"}, timeout=10)
    assert answer.status_code == 401
    assert lab.address == ADDRESS


def test_a_body_under_an_old_context_is_refused_with_400_after_the_connection_was_lost(serve: Serve) -> None:
    from pypsrp.exceptions import WinRMTransportError

    lab = serve()
    with RunspacePool(lab.wsman(auth="ntlm", secure=False)) as pool:
        lab.thread.run(_drop_connections(lab))
        shell = PowerShell(pool)
        shell.add_cmdlet("Write-Output").add_argument("x")
        with pytest.raises((WinRMTransportError, requests.exceptions.ConnectionError)) as caught:
            shell.invoke()
        assert not isinstance(caught.value, WinRMTransportError) or caught.value.code == 400
        pool.state = 3  # closed: the pool cannot say goodbye over a poisoned session


async def _drop_connections(lab: Lab) -> None:
    assert lab.server.drop_connections(lab.machine.name) == 1
