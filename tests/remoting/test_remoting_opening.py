"""What is refused before anything is sent: trust is on, and what lowers it is written down."""

from dataclasses import replace
from typing import Any

import pytest
from remoting_lab import CREDENTIAL, WAIVER, Lab

from harness.core.errors import InputError
from harness.core.model import Auth, Connection, CredentialEntry
from harness.remoting import Credential, Statement, cmd, open_powershell, open_shell

HTTPS = Connection("hv01", 5986, "https", Auth.NEGOTIATE, "lab")
ENTRY = CredentialEntry("lab", None, None, "cert.pem", "key.pem")


@pytest.mark.parametrize(
    ("change", "credential", "says"),
    [
        ({"scheme": "http", "auth": Auth.BASIC}, CREDENTIAL, "in the clear"),
        ({"scheme": "http", "auth": Auth.BASIC, "waiver": WAIVER}, CREDENTIAL, "in the clear"),
        ({"scheme": "http", "auth": Auth.CERTIFICATE}, CREDENTIAL, "in the clear"),
        ({"scheme": "ftp"}, CREDENTIAL, "scheme ftp"),
        ({"verify": False}, CREDENTIAL, "needs a waiver"),
        ({"auth": Auth.CREDSSP}, CREDENTIAL, "CredSSP"),
        ({"auth": Auth.BASIC}, None, "needs a user and a password"),
        ({"auth": Auth.NTLM}, None, "needs a user and a password"),
        ({"auth": Auth.CERTIFICATE}, None, "needs a certificate"),
    ],
)
def test_what_is_not_safe_or_not_complete_is_refused_with_a_next_step(
    change: dict[str, Any], credential: Credential | None, says: str
) -> None:
    for opener in (open_powershell, open_shell):
        with pytest.raises(InputError, match=says) as caught:
            opener(replace(HTTPS, **change), credential, target="hv01")  # type: ignore[operator]
        assert (caught.value.target, caught.value.step) == ("hv01", "connect")
        assert caught.value.hint


def test_a_certificate_without_its_key_is_not_complete() -> None:
    with pytest.raises(InputError):
        open_powershell(
            replace(HTTPS, auth=Auth.CERTIFICATE), None, target="hv01", entry=replace(ENTRY, private_key=None)
        )


def test_what_a_waiver_allows_is_opened() -> None:
    for change in ({"verify": False, "waiver": WAIVER}, {"auth": Auth.CREDSSP, "waiver": WAIVER}):
        open_powershell(replace(HTTPS, **change), CREDENTIAL, target="hv01").close()  # type: ignore[arg-type]


def test_kerberos_needs_no_credential_of_ours() -> None:
    for auth in (Auth.KERBEROS, Auth.NEGOTIATE):
        open_powershell(replace(HTTPS, auth=auth), None, target="hv01").close()


def test_with_a_waiver_a_certificate_that_is_not_believed_is_taken(lab: Lab) -> None:
    connection = lab.connection(ca=None, verify=False, waiver=WAIVER)
    with open_powershell(connection, CREDENTIAL, target="hv01") as session:
        assert session.run([Statement((cmd("Write-Output", "a"),))], seconds=10).output == ("a",)


def test_opening_and_closing_sends_nothing(lab: Lab) -> None:
    open_powershell(lab.connection(), CREDENTIAL, target="hv01").close()
    open_shell(lab.connection(), CREDENTIAL, target="hv01").close()
    assert lab.connections == 0
