"""Kerberos for real: an MIT KDC, the simulated server with a keytab, unmodified clients."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import winrm
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.powershell import PowerShell, RunspacePool
from sim_kdc import HOST, PASSWORD, REALM, USER, Kdc, missing, put_clock_off
from sim_protocol_lab import Lab, LoopThread, start_lab
from spnego.exceptions import SpnegoError

from harness.sim._echo import EchoMachine
from harness.sim.machine import Account

pytestmark = [pytest.mark.kerberos, pytest.mark.skipif(bool(missing()), reason=missing())]

Serve = Callable[..., Lab]
NAME = f"{USER}@{REALM}"
DOMAIN_USER = Account(USER, REALM, "not known to this machine: NTLM cannot succeed")


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


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def serve(loop_thread: LoopThread, kdc: Kdc, tmp_path: Path) -> Iterator[Serve]:
    labs: list[Lab] = []

    def make(*accounts: Account, **options: Any) -> Lab:
        machine = EchoMachine(accounts=accounts or (DOMAIN_USER,))
        settings = {"auth": ("Negotiate", "Kerberos"), "keytab": kdc.service_keytab(), "allow_unencrypted": False}
        labs.append(start_lab(loop_thread, tmp_path / str(len(labs)), machine, **{**settings, **options}))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


def echo(lab: Lab, **options: Any) -> object:
    given = {"auth": "kerberos", "username": NAME, "password": PASSWORD, "negotiate_hostname_override": HOST}
    with RunspacePool(lab.wsman(**{**given, **options})) as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Write-Output").add_argument("here")
        return shell.invoke()[0]


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
@pytest.mark.parametrize(
    "options", [{"secure": False}, {"secure": True}, {"secure": True, "encryption": "always"}], ids=str
)
def test_pypsrp_gets_in_with_kerberos_and_encrypts_where_it_must(
    serve: Serve, auth: str, options: dict[str, Any]
) -> None:
    lab = serve()
    assert echo(lab, auth=auth, **options) == "here"
    assert lab.machine.sessions[0].account is DOMAIN_USER


@pytest.mark.parametrize("service", ["HTTP", "WSMAN", "host"])
def test_every_service_name_of_the_keytab_is_taken(serve: Serve, service: str) -> None:
    assert echo(serve(), secure=False, negotiate_service=service) == "here"


def test_kerberos_costs_one_refusal_where_ntlm_costs_two(serve: Serve) -> None:
    lab = serve()
    echo(lab, secure=False)
    assert lab.counters.unauthorized == 1


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_pypsrp_uses_the_kerberos_scheme_where_negotiate_is_off(serve: Serve, secure: bool) -> None:
    lab = serve(auth=("Kerberos",))
    assert echo(lab, secure=secure) == "here"


@pytest.mark.parametrize("schemes", [("Negotiate",), ("Negotiate", "Kerberos")], ids="+".join)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_pywinrm_gets_in_with_kerberos(
    serve: Serve, kdc: Kdc, monkeypatch: pytest.MonkeyPatch, secure: bool, schemes: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{kdc.credentials()}")
    lab = serve(auth=schemes)
    session = winrm.Session(
        lab.url(secure=secure),
        auth=(NAME, None),
        transport="kerberos",
        kerberos_hostname_override=HOST,
        ca_trust_path=str(lab.authority.path),
        message_encryption="auto",
    )
    answer = session.run_cmd("echo", ["hi"])
    session.protocol.transport.close_session()
    assert answer.std_out == b"echo hi\r\n"


def test_a_ticket_from_a_users_keytab_needs_no_password(
    serve: Serve, kdc: Kdc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    kdc.run("kinit", "-k", "-t", str(kdc.keytab(USER)), "-c", str(cache), NAME)
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
    assert echo(serve(), secure=False, username=None, password=None) == "here"


def test_a_wrong_password_ends_at_the_kdc_and_no_token_reaches_the_server(serve: Serve) -> None:
    import krb5

    lab = serve()
    with pytest.raises(krb5.Krb5Error, match="Preauthentication failed"):
        echo(lab, password="wrong", secure=False)
    assert lab.counters.shells == 0
    assert lab.counters.unauthorized == 1


@pytest.mark.parametrize(
    "account",
    [Account("somebody", REALM, "x"), Account(USER, REALM, "x", enabled=False), Account(USER, "OTHER.TEST", "x")],
    ids=["unknown", "disabled", "of another domain"],
)
def test_a_good_ticket_of_somebody_who_may_not_log_on_is_refused(serve: Serve, account: Account) -> None:
    lab = serve(account)
    with pytest.raises(AuthenticationError):
        echo(lab, secure=False)
    assert lab.counters.shells == 0


def test_a_domain_known_by_its_short_name_is_the_realm(serve: Serve) -> None:
    assert echo(serve(Account(USER, "AVMA", "x")), secure=False) == "here"


def test_a_ticket_for_another_host_is_refused(serve: Serve, kdc: Kdc) -> None:
    kdc.add("HTTP/hv02.avma.test")
    lab = serve(keytab=kdc.keytab("HTTP/hv02.avma.test"))
    with pytest.raises(AuthenticationError):
        echo(lab, secure=False)


def test_a_service_the_kdc_does_not_know_never_gets_a_token(serve: Serve) -> None:
    lab = serve()
    with pytest.raises(SpnegoError, match="not found in Kerberos database"):
        echo(lab, secure=False, negotiate_hostname_override="hv09.avma.test")
    assert lab.counters.shells == 0


def test_a_machine_without_a_keytab_takes_no_kerberos(serve: Serve) -> None:
    lab = serve(keytab=None)
    with pytest.raises(AuthenticationError):
        echo(lab, secure=False)


@pytest.fixture
def with_clock_off(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> Callable[[Lab, int], object]:
    """Talks to a lab with a ticket already in hand and a clock that is so many seconds off."""

    def talk(lab: Lab, seconds: int) -> object:
        cache = kdc.credentials(f"HTTP/{HOST}")
        put_clock_off(cache, seconds)
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
        return echo(lab, secure=False, username=None, password=None, negotiate_service="HTTP")

    return talk


@pytest.mark.parametrize("seconds", [200, -200])
def test_a_client_whose_clock_is_a_little_off_gets_in(
    serve: Serve, with_clock_off: Callable[[Lab, int], object], seconds: int
) -> None:
    assert with_clock_off(serve(), seconds) == "here"


def test_a_client_whose_clock_is_fifteen_minutes_ahead_is_refused_by_the_server(
    serve: Serve, with_clock_off: Callable[[Lab, int], object]
) -> None:
    lab = serve()
    with pytest.raises(AuthenticationError):
        with_clock_off(lab, 900)
    assert (lab.counters.unauthorized, lab.counters.shells) == (2, 0)


def test_a_client_whose_clock_is_fifteen_minutes_behind_thinks_its_ticket_not_yet_valid(
    serve: Serve, with_clock_off: Callable[[Lab, int], object]
) -> None:
    lab = serve()
    with pytest.raises(SpnegoError, match="not yet valid"):
        with_clock_off(lab, -900)
    assert (lab.counters.unauthorized, lab.counters.shells) == (1, 0)


def test_a_client_whose_clock_is_off_gets_no_further_ticket(kdc: Kdc) -> None:
    cache = kdc.credentials()
    put_clock_off(cache, 900)
    with pytest.raises(AssertionError, match="Clock skew too great"):
        kdc.run("kvno", "-c", str(cache), f"HTTP/{HOST}")


@pytest.mark.parametrize(
    ("level", "shows", "welcome"),
    [("none", False, True), ("relaxed", False, True), ("relaxed", True, True), ("strict", True, True),
     ("strict", False, False)],
)  # fmt: skip
def test_channel_bindings_over_https_as_the_service_is_hardened(
    serve: Serve, level: str, shows: bool, welcome: bool
) -> None:
    lab = serve(channel_binding=level)
    if welcome:
        assert echo(lab, negotiate_send_cbt=shows) == "here"
        return
    with pytest.raises(AuthenticationError):
        echo(lab, negotiate_send_cbt=shows)


def test_bindings_of_another_connection_are_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from pypsrp.negotiate import HTTPNegotiateAuth

    monkeypatch.setattr(HTTPNegotiateAuth, "_get_cbt_data", lambda *_: b"tls-server-end-point:of a man in the middle")
    with pytest.raises(AuthenticationError):
        echo(serve(channel_binding="relaxed"))


def token(kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A raw Kerberos token for the server."""
    import gssapi

    monkeypatch.setenv("KRB5CCNAME", f"FILE:{kdc.credentials()}")
    target = gssapi.Name(f"HTTP@{HOST}", gssapi.NameType.hostbased_service)
    mechanism = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
    context = gssapi.SecurityContext(name=target, mech=mechanism, usage="initiate")
    return bytes(context.step() or b"")


@pytest.mark.parametrize("scheme", ["Negotiate", "Kerberos"])
def test_a_ticket_shown_twice_is_a_replay(serve: Serve, kdc: Kdc, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    lab = serve()
    headers = {"Authorization": f"{scheme} {base64.b64encode(token(kdc, monkeypatch)).decode()}"}
    answers = [requests.post(lab.url(secure=False), headers=headers, timeout=10) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[0].headers["WWW-Authenticate"].startswith(f"{scheme} ")


def test_a_damaged_token_is_refused(serve: Serve, kdc: Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = serve()
    whole = token(kdc, monkeypatch)
    for place in (3, 20, len(whole) // 2, len(whole) - 3):
        damaged = whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :]
        headers = {"Authorization": f"Kerberos {base64.b64encode(damaged).decode()}"}
        assert requests.post(lab.url(secure=False), headers=headers, timeout=10).status_code == 401


def test_a_plain_body_over_http_is_not_served_though_the_ticket_is_good(serve: Serve) -> None:
    lab = serve()
    with pytest.raises(WinRMTransportError, match="500"):
        echo(lab, secure=False, encryption="never")
    assert lab.counters.shells == 0


def test_pywinrm_without_a_ticket_says_so(serve: Serve) -> None:
    from winrm.vendor.requests_kerberos.exceptions import KerberosExchangeError

    lab = serve()
    session = winrm.Session(
        lab.url(secure=False),
        auth=(NAME, None),
        transport="kerberos",
        kerberos_hostname_override=HOST,
        ca_trust_path=str(lab.authority.path),
    )
    with pytest.raises(KerberosExchangeError, match="Can't find client principal"):
        session.run_cmd("echo")
    session.protocol.transport.close_session()
    assert lab.counters.shells == 0
