"""Each way in which a machine cannot be reached gives one sentence with a next step, and says what was sent."""

import socket
import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest
from remoting_lab import ADDRESS, CREDENTIAL, WRONG, Lab, LoopThread, start_lab
from scripted_listener import Act, ScriptedListener, http, request_of

from harness.core.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    DeadlineError,
    ProtocolError,
    ResolveError,
    Sent,
    TlsError,
    TransportError,
)
from harness.core.model import Auth, Connection
from harness.remoting import Statement, cmd, open_powershell
from harness.sim.faults import Fault

ASK = [Statement((cmd("Write-Output", "a"),))]


def failure_of(connection: Connection, credential: object = CREDENTIAL, seconds: float = 10.0) -> TransportError:
    with open_powershell(connection, credential, target="hv01") as session, pytest.raises(TransportError) as caught:  # type: ignore[arg-type]
        session.run(ASK, seconds=seconds)
    return caught.value


def plain_http(port: int, auth: Auth = Auth.NTLM, address: str = "127.0.9.9") -> Connection:
    return Connection(address, port, "http", auth, "lab", connect_seconds=2.0)


def test_a_closed_port_is_told_with_place_and_next_step() -> None:
    with socket.create_server(("127.0.9.9", 0)) as server:
        port = server.getsockname()[1]
    error = failure_of(plain_http(port))
    assert isinstance(error, ConnectError)
    assert (error.sent, error.transient, error.step) == (Sent.NO, True, "Write-Output")
    assert str(error).startswith(f"hv01: 127.0.9.9:{port} refused the connection.")
    assert "winrm quickconfig" in str(error)


def test_a_name_that_does_not_resolve_is_told_by_its_name() -> None:
    def nobody(name: str, port: int) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    session = open_powershell(plain_http(5985, address="hv99.lab"), CREDENTIAL, target="hv99", resolver=nobody)
    with pytest.raises(ResolveError, match=r"The name hv99\.lab does not resolve\.") as caught:
        session.run(ASK, seconds=5)
    assert caught.value.sent is Sent.NO
    assert caught.value.hint == "Check the name in the inventory."


def test_the_real_resolver_knows_no_name_below_invalid() -> None:
    error = failure_of(plain_http(5985, address="no-such-host.invalid"))
    assert isinstance(error, ResolveError)
    assert "no-such-host.invalid" in str(error)


def test_a_resolver_that_hangs_does_not_hang_the_run() -> None:
    def asleep(name: str, port: int) -> list[tuple[object, ...]]:
        time.sleep(3.0)
        return []

    session = open_powershell(plain_http(5985, address="hv99.lab"), CREDENTIAL, target="hv99", resolver=asleep)
    started = time.monotonic()
    with pytest.raises(TransportError) as caught:
        session.run(ASK, seconds=0.3)
    assert time.monotonic() - started < 2.0
    assert caught.value.sent is Sent.NO


def test_a_machine_that_takes_no_connection_is_told_by_the_seconds_waited() -> None:
    with socket.create_server(("127.0.9.9", 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]  # fill the backlog: the next one gets no answer
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.9.9", port))
        error = failure_of(replace(plain_http(port), connect_seconds=0.4))
        for one in waiting:
            one.close()
    assert isinstance(error, ConnectError)
    assert "did not take the connection within 0.4 s" in str(error)
    assert "firewall" in str(error)


def test_every_address_of_a_name_is_tried_within_one_deadline(lab: Lab) -> None:
    def both(name: str, port: int) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.0.9.8", 1)), (*kind, (ADDRESS, port))]

    connection = replace(lab.connection("http", Auth.NTLM), address="hv01.lab")
    with open_powershell(connection, CREDENTIAL, target="hv01", resolver=both) as session:
        assert session.run(ASK, seconds=10).output == ("a",)


def test_a_wrong_password_is_told_with_user_and_way(lab: Lab) -> None:
    for scheme, auth in (("https", Auth.BASIC), ("https", Auth.NTLM), ("http", Auth.NTLM), ("http", Auth.NEGOTIATE)):
        error = failure_of(lab.connection(scheme, auth), WRONG)
        assert isinstance(error, AuthenticationError), auth
        assert (error.sent, error.transient) == (Sent.NO, False)
        assert f"The machine refused the user labadmin ({auth.value})." in str(error)
        assert "not-the-password" not in str(error) + repr(error)
    assert lab.machine.invocations == []


def test_a_way_that_the_listener_does_not_offer_is_told_with_those_it_does(
    loop_thread: LoopThread, tmp_path: Path
) -> None:
    lab = start_lab(loop_thread, tmp_path, auth=("Basic",))
    error = failure_of(lab.connection("https", Auth.NTLM))
    lab.close()
    assert isinstance(error, AuthenticationError)
    assert "does not offer ntlm authentication, only Basic" in str(error)


@pytest.mark.parametrize(
    ("flavour", "said"),
    [
        ("expired", "has expired"),
        ("wrong_name", "is for another name"),
        ("unknown_ca", "is signed by an authority that is not trusted"),
        ("self_signed", "is self-signed and not trusted"),
    ],
)
def test_a_certificate_that_is_not_believed_is_told_by_what_is_wrong_with_it(
    loop_thread: LoopThread, tmp_path: Path, flavour: str, said: str
) -> None:
    lab = start_lab(loop_thread, tmp_path, flavour=flavour)
    error = failure_of(lab.connection())
    lab.close()
    assert isinstance(error, TlsError)
    assert (error.sent, error.transient) == (Sent.NO, False)
    assert f"The certificate of {ADDRESS}:{lab.https_port} {said}" in str(error)
    assert error.hint
    assert lab.requests == {}


def test_without_a_named_authority_the_systems_own_decides(lab: Lab) -> None:
    assert isinstance(failure_of(lab.connection(ca=None)), TlsError)


def test_https_to_an_http_port_and_the_reverse_are_told_as_such(lab: Lab) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(http(400))  # as http.sys does with bytes that are no HTTP

    with ScriptedListener(plain) as listener:
        error = failure_of(replace(lab.connection(), address="127.0.9.9", port=listener.port))
    assert isinstance(error, TlsError)
    assert "does not speak HTTPS" in str(error)
    assert error.sent is Sent.NO
    turned = failure_of(replace(lab.connection("http", Auth.NTLM), port=lab.https_port))
    assert isinstance(turned, ConnectionLostError | ProtocolError)
    assert turned.sent is Sent.NO


def test_a_tls_handshake_that_nobody_answers_is_told_as_such(lab: Lab) -> None:
    error = failure_of(replace(lab.connection(), port=lab.http_port, connect_seconds=0.5))
    assert isinstance(error, ConnectError)
    assert "did not answer the TLS handshake within 0.5 s" in str(error)


def test_an_account_without_rights_is_told_apart_from_a_wrong_password() -> None:
    body = fault_envelope(5, "w:AccessDenied", "Access is denied.")
    error = answer_with(http(500, body, "Content-Type: application/soap+xml;charset=UTF-8"))
    assert isinstance(error, AccessDeniedError)
    assert "(code 5)" in str(error)
    assert "administrator" in str(error)


def test_a_configuration_that_is_not_registered_is_told_as_such(lab: Lab) -> None:
    error = failure_of(lab.connection(configuration="NoSuchRole"))
    assert isinstance(error, AccessDeniedError)
    assert "no session configuration of that name" in str(error)


@pytest.mark.parametrize(
    ("kind", "expected", "said"),
    [
        ("http_503", ConnectError, "is not available (HTTP 503)"),
        ("http_400", ConnectionLostError, "could not decrypt the request (HTTP 400)"),
        ("http_500", ProtocolError, "HTTP 500 and no WS-Management fault"),
        ("unauthorized", AuthenticationError, "refused the user labadmin"),
        ("wsman_500", ProtocolError, "InternalError"),
    ],
)
def test_a_refusal_of_the_service_is_told_by_its_number(
    lab: Lab, kind: str, expected: type[TransportError], said: str
) -> None:
    lab.strike(Fault(kind, "before", action="Create"))
    error = failure_of(lab.connection("http", Auth.NTLM))
    assert isinstance(error, expected)
    assert said in str(error)
    assert error.sent is Sent.NO


def test_a_truncated_answer_was_sent(lab: Lab) -> None:
    lab.strike(Fault("truncated", "after", action="Command"))
    error = failure_of(lab.connection())
    assert isinstance(error, ConnectionLostError)
    assert error.sent is Sent.YES
    assert "in the middle of the answer" in str(error)


def test_a_service_that_restarts_under_the_command_leaves_its_fate_open(lab: Lab) -> None:
    lab.strike(Fault("service_restart", "after", action="Command"))
    error = failure_of(lab.connection())
    assert error.sent is Sent.MAYBE
    assert error.transient


# ---- what no real server does, but a network in between may ----


def fault_envelope(code: int, subcode: str, reason: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>'
        f"<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text>{reason}</s:Text></s:Reason><s:Detail><f:WSManFault Code="{code}" '
        'xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"><f:Message>m</f:Message></f:WSManFault>'
        "</s:Detail></s:Fault></s:Body></s:Envelope>"
    ).encode()


def answering(*answers: bytes) -> Act:
    def act(connection: socket.socket) -> None:
        for answer in answers:
            request_of(connection)
            connection.sendall(answer)
        connection.close()

    return act


def answer_with(*answers: bytes, seconds: float = 5.0) -> TransportError:
    """What a session makes of these answers to its requests: the bare bytes of a listener that seals nothing."""
    with ScriptedListener(answering(*answers)) as listener:
        return failure_of(plain_http(listener.port), seconds=seconds)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_connection_that_breaks_before_the_handshake_has_sent_nothing() -> None:
    with ScriptedListener(reset) as listener:
        error = failure_of(plain_http(listener.port))
    assert isinstance(error, ConnectionLostError | ConnectError)  # which, is a question of microseconds
    assert error.sent is Sent.NO


def test_a_listener_that_speaks_something_else_is_told_as_such() -> None:
    error = answer_with(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    assert isinstance(error, ProtocolError)
    assert "does not answer in HTTP" in str(error)


def test_a_garbled_challenge_is_a_failed_handshake() -> None:
    error = answer_with(http(401, b"", "WWW-Authenticate: Negotiate TlRMTVNTUAACAAAA"))
    assert isinstance(error, AuthenticationError)
    assert error.sent is Sent.NO


def test_a_proxy_that_closes_within_the_handshake_is_told_as_such() -> None:
    challenge = "TlRMTVNTUAACAAAAAAAAADgAAAAFgomiASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAACgB8TwAAAA8="  # no target information
    error = answer_with(http(401, b"", f"WWW-Authenticate: Negotiate {challenge}", "Connection: close"))
    assert isinstance(error, ConnectionLostError | AuthenticationError)
    assert error.sent is Sent.NO


def test_a_page_that_is_not_winrms_is_told_as_such() -> None:
    error = answer_with(http(404, b"<html>"))
    assert isinstance(error, ProtocolError)
    assert "nothing at /wsman" in str(error)


def test_an_endless_silence_after_the_connection_ends_with_the_deadline() -> None:
    def silent(connection: socket.socket) -> None:
        request_of(connection)

    with ScriptedListener(silent) as listener:
        started = time.monotonic()
        error = failure_of(plain_http(listener.port), seconds=0.5)
    assert isinstance(error, DeadlineError)
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize("kind", ["unauthorized", "http_400", "http_500", "http_503"])
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_an_answer_that_is_no_refusal_of_winrms_own_leaves_a_commands_fate_open(
    lab: Lab, kind: str, auth: Auth
) -> None:
    """The lab has carried the command out before it answers so: a client cannot know, and must not guess."""
    lab.strike(Fault(kind, "after", action="Command"))
    error = failure_of(lab.connection("https", auth))
    assert error.sent is Sent.MAYBE
    assert len(lab.machine.invocations) == 1


def test_a_listener_that_forgets_who_we_are_is_greeted_again(lab: Lab) -> None:
    with open_powershell(lab.connection("http", Auth.NTLM), CREDENTIAL, target="hv01") as session:
        session.run(ASK, seconds=10)
        lab.strike(Fault("unauthorized", "before", action="Command"))
        assert session.run(ASK, seconds=10).output == ("a",)
    assert (lab.requests["Create"], lab.connections) == (1, 2)


def test_a_password_that_is_refused_is_tried_once_lest_the_account_be_locked(lab: Lab) -> None:
    failure_of(lab.connection("https", Auth.BASIC), WRONG)
    assert lab.server.counters[lab.machine.name].unauthorized == 1
