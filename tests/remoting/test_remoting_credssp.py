"""CredSSP end to end: the harness's client against the lab's acceptor, sealed and over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from remoting_lab import ADDRESS, CREDENTIAL, PASSWORD, USER, WAIVER, WRONG, Double, LoopThread

from harness.core.errors import AuthenticationError
from harness.core.model import Auth, Connection
from harness.remoting import Credential, Statement, cmd, open_powershell, open_shell
from harness.sim.server import CertificateAuthority, LabServer, Listener


@pytest.fixture(scope="module")
def machine() -> Double:
    return Double(name="HVC")


@pytest.fixture(scope="module")
def place(loop_thread: LoopThread, machine: Double, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    authority = CertificateAuthority(tmp_path_factory.mktemp("credssp"))
    server = LabServer()
    listener = Listener(
        machine, ADDRESS, 0, 0, authority.issue(["hvc"], [ADDRESS]), auth=("CredSSP",), channel_binding="strict"
    )
    loop_thread.run(server.start([listener]))
    http, https = server.ports("HVC")
    assert http
    assert https
    yield Connection(ADDRESS, https, "https", Auth.CREDSSP, "lab", ca=str(authority.path), waiver=WAIVER)
    loop_thread.run(server.close())


def reached(place: Connection, scheme: str, http: int) -> Connection:
    from dataclasses import replace

    return replace(place, scheme=scheme, port=http if scheme == "http" else place.port)


@pytest.fixture
def http_port(loop_thread: LoopThread, machine: Double, tmp_path: Path) -> Iterator[int]:
    server = LabServer()
    loop_thread.run(server.start([Listener(machine, ADDRESS, 0, None, auth=("CredSSP",))]))
    port = server.ports("HVC")[0]
    assert port
    yield port
    loop_thread.run(server.close())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_session_and_a_shell_work_over_credssp(place: Connection, http_port: int, scheme: str) -> None:
    connection = reached(place, scheme, http_port)
    with open_powershell(connection, CREDENTIAL, target="hvc") as session:
        for text in ("short", "x" * 70_000, "after"):
            assert session.run([Statement((cmd("Write-Output", text),))], seconds=20).output == (text,)
    with open_shell(connection, CREDENTIAL, target="hvc") as shell:
        assert shell.run("echo", ["hello"], seconds=20).stdout.strip() == "echo hello"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("credential", [WRONG, Credential("nobody", SecretStr(PASSWORD))], ids=["password", "user"])
def test_who_is_wrong_does_not_get_in(
    place: Connection, http_port: int, machine: Double, scheme: str, credential: Credential
) -> None:
    before = len(machine.invocations)
    with (
        open_powershell(reached(place, scheme, http_port), credential, target="hvc") as session,
        pytest.raises(AuthenticationError) as caught,
    ):
        session.run([Statement((cmd("Write-Output", "x"),))], seconds=20)
    assert credential.password.get_secret_value() not in str(caught.value)
    assert len(machine.invocations) == before


def test_a_domain_before_the_users_name_is_taken(place: Connection) -> None:
    named = Credential(f"HVC\\{USER}", SecretStr(PASSWORD))
    with open_powershell(place, named, target="hvc") as session:
        assert session.run([Statement((cmd("Write-Output", 1),))], seconds=20).output == (1,)
