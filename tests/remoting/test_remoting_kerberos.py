"""Kerberos against a real MIT KDC: sealed over HTTP, bound to the channel over HTTPS, by password and by ticket."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from remoting_lab import ADDRESS, Double, Lab, LoopThread, start_lab
from sim_kdc import HOST, PASSWORD, REALM, USER, Kdc, missing

from harness.core.errors import AuthenticationError, Sent
from harness.core.model import Auth
from harness.remoting import Credential, PowerShellSession, Statement, cmd, open_powershell, open_shell
from harness.sim.machine import Account

pytestmark = [pytest.mark.kerberos, pytest.mark.skipif(bool(missing()), reason=missing())]

ASK = [Statement((cmd("Write-Output", "a"),))]
BY_PASSWORD = Credential(f"{USER}@{REALM}", SecretStr(PASSWORD))
Serve = Callable[..., Lab]


def here(_: str, port: int) -> list[tuple[Any, ...]]:
    """The only name of the realm leads to the lab."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ADDRESS, port))]


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    realm = Kdc(tmp_path_factory.mktemp("kdc"))
    try:
        realm.start()
        yield realm
    finally:
        realm.stop()


@pytest.fixture(autouse=True)
def in_the_realm(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in kdc.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def serve(loop_thread: LoopThread, kdc: Kdc, tmp_path: Path) -> Iterator[Serve]:
    labs: list[Lab] = []

    def make(*auth: str) -> Lab:
        machine = Double(accounts=(Account(USER, REALM, "not known here: NTLM cannot succeed"),))
        labs.append(
            start_lab(
                loop_thread,
                tmp_path / str(len(labs)),
                machine=machine,
                names=(HOST,),
                auth=auth or ("Negotiate", "Kerberos"),
                keytab=kdc.service_keytab(),
                channel_binding="strict",
            )
        )
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


def session_with(lab: Lab, scheme: str, auth: Auth, credential: Credential | None) -> PowerShellSession:
    connection = replace(lab.connection(scheme, auth), address=HOST)
    return open_powershell(connection, credential, target="hv01", resolver=here)


@pytest.mark.parametrize("auth", [Auth.KERBEROS, Auth.NEGOTIATE])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_password_gets_a_ticket_and_the_ticket_a_session_without_being_asked_for(
    serve: Serve, scheme: str, auth: Auth
) -> None:
    lab = serve()
    with session_with(lab, scheme, auth, BY_PASSWORD) as session:
        for _ in range(2):
            assert session.run(ASK, seconds=10).output == ("a",)
            lab.hang_up()
        assert session.run(ASK, seconds=10).output == ("a",)
    assert lab.server.counters[lab.machine.name].unauthorized == 0
    assert lab.connections == 3


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_operators_own_ticket_needs_no_credential(
    serve: Serve, kdc: Kdc, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{kdc.credentials()}")
    lab = serve()
    with session_with(lab, scheme, Auth.KERBEROS, None) as session:
        assert session.run(ASK, seconds=10).output == ("a",)
    assert {session.account.name for session in lab.machine.sessions} == {USER}


@pytest.mark.parametrize("auth", [Auth.KERBEROS, Auth.NEGOTIATE])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_listener_with_negotiate_switched_off_is_spoken_to_in_kerberos(serve: Serve, scheme: str, auth: Auth) -> None:
    lab = serve("Kerberos")
    with session_with(lab, scheme, auth, BY_PASSWORD) as session:
        assert session.run(ASK, seconds=10).output == ("a",)


def test_the_command_shell_gets_in_the_same_way(serve: Serve) -> None:
    lab = serve()
    connection = replace(lab.connection("http", Auth.KERBEROS), address=HOST)
    shell = open_shell(connection, BY_PASSWORD, target="hv01", resolver=here)
    assert shell.run("hostname", [], seconds=10).stdout == "hostname\r\n"
    shell.close()


@pytest.mark.parametrize(
    ("credential", "address"),
    [
        (Credential(f"{USER}@{REALM}", SecretStr("wrong-password")), HOST),
        (Credential(f"nobody@{REALM}", SecretStr("x")), HOST),
        (None, HOST),
        (BY_PASSWORD, "hv99.avma.test"),
    ],
    ids=["wrong password", "unknown user", "no ticket", "no such service"],
)
def test_without_a_ticket_nothing_is_sent_and_the_hint_tells_where_to_look(
    serve: Serve, credential: Credential | None, address: str
) -> None:
    lab = serve()
    connection = replace(lab.connection("http", Auth.KERBEROS), address=address)
    session = open_powershell(connection, credential, target="hv01", resolver=here)
    with pytest.raises(AuthenticationError, match="kerberos handshake") as caught:
        session.run(ASK, seconds=10)
    assert caught.value.sent is Sent.NO
    assert "klist" in str(caught.value)
    assert "wrong-password" not in str(caught.value)
    assert lab.requests == {}
