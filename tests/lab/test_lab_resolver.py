"""Secrets come late, once, and never show themselves in an error."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest

from harness.core.errors import InputError
from harness.core.model import Place, SecretRef
from harness.core.redaction import Redactor
from harness.lab import Resolver

PLACE = Place("lab.yaml", 7, 15)
SECRET = "canary-S3cret"


@pytest.fixture
def seen():
    return []


def resolver(seen, **options):
    return Resolver(register=seen.append, **{"environ": {}, **options})


def ref(source, **locator):
    return SecretRef(source, locator, PLACE)


def program(code):
    return ref("command", argv=json.dumps([sys.executable, "-c", code]))


def test_an_environment_variable_is_read_and_told_to_the_redactor(seen):
    secret = resolver(seen, environ={"P": SECRET}).resolve(ref("env", name="P"))
    assert secret.get_secret_value() == SECRET
    assert seen == [SECRET]
    assert SECRET not in repr(secret)


def test_what_was_resolved_is_masked_by_the_redactor():
    redactor = Redactor()
    Resolver(register=redactor.register, environ={"P": SECRET}).resolve(ref("env", name="P"))
    assert SECRET not in redactor.redact(f"the password is {SECRET}")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"pa ss\n", "pa ss"),
        (b"pass\r\n", "pass"),
        (b"pass", "pass"),
        (b"pass\n\n", "pass\n"),
        (b"\xef\xbb\xbfp\xc3\xa4ss\n", "p\u00e4ss"),
    ],
)
def test_a_file_loses_one_line_end_and_nothing_else(seen, tmp_path, raw, value):
    path = tmp_path / "secret"
    path.write_bytes(raw)
    assert resolver(seen).resolve(ref("file", path=str(path))).get_secret_value() == value


@pytest.mark.skipif(os.name != "posix", reason="only POSIX files have a mode that tells who may read")
def test_a_file_that_everybody_can_read_is_warned_about(seen, tmp_path):
    warnings = []
    path = tmp_path / "secret"
    path.write_text(SECRET, "utf-8")
    path.chmod(0o644)
    resolver(seen, warn=warnings.append).resolve(ref("file", path=str(path)))
    path.chmod(0o600)
    resolver(seen, warn=warnings.append).resolve(ref("file", path=str(path)))
    assert len(warnings) == 1
    assert warnings[0].startswith("lab.yaml:7:15: ")
    assert SECRET not in warnings[0]


def test_a_program_is_run_without_a_shell_and_its_first_line_counts(seen):
    code = "import sys; print(sys.argv[1]); print('more')"
    argv = [sys.executable, "-c", code, "a b; $HOME"]
    assert resolver(seen).resolve(ref("command", argv=json.dumps(argv))).get_secret_value() == "a b; $HOME"


def test_a_program_gets_the_given_environment_and_no_input(seen):
    secret = resolver(seen, environ={"TOKEN": "t"}).resolve(
        program("import os, sys; print(os.environ['TOKEN'] + repr(sys.stdin.read()))")
    )
    assert secret.get_secret_value() == "t''"


def test_the_keyring_is_asked_by_service_and_user(seen):
    keyring = SimpleNamespace(get_password=lambda service, user: f"{service}/{user}")
    found = resolver(seen, load={"keyring": keyring}.__getitem__).resolve(ref("keyring", service="lab", username="u"))
    assert found.get_secret_value() == "lab/u"


class Vault:
    """A KV version 2 engine that answers in hvac's shape."""

    def __init__(self, error=None):
        self.asked = []
        self.error = error

    def Client(self, **options):
        self.asked.append(options)
        return SimpleNamespace(secrets=SimpleNamespace(kv=SimpleNamespace(v2=self)))

    def read_secret_version(self, **question):
        self.asked.append(question)
        if self.error:
            raise self.error
        return {"data": {"data": {"password": SECRET}}}


VAULT = {"VAULT_ADDR": "https://127.0.0.1:8200", "VAULT_TOKEN": "token"}


def test_vault_is_asked_for_the_field_under_the_mount(seen):
    vault = Vault()
    found = resolver(seen, environ=VAULT, load=lambda _: vault).resolve(
        ref("vault", path="lab/a", field="password", mount="kv")
    )
    assert found.get_secret_value() == SECRET
    assert vault.asked[0] == {"url": "https://127.0.0.1:8200", "token": "token", "namespace": None}
    assert vault.asked[1] == {"path": "lab/a", "mount_point": "kv", "raise_on_deleted_version": True}


def test_each_secret_is_fetched_once(seen):
    asked = []
    keyring = SimpleNamespace(get_password=lambda service, user: asked.append(service) or SECRET)
    one = resolver(seen, load=lambda _: keyring)
    for _ in range(3):
        one.resolve(ref("keyring", service="lab", username="u"))
    assert asked == ["lab"]
    assert seen == [SECRET]


def test_lanes_that_ask_at_the_same_time_cause_one_fetch(seen):
    asked = []
    keyring = SimpleNamespace(get_password=lambda service, user: asked.append(service) or SECRET)
    one, start = resolver(seen, load=lambda _: keyring), Barrier(8)

    def lane(_):
        start.wait()
        return one.resolve(ref("keyring", service="lab", username="u")).get_secret_value()

    with ThreadPoolExecutor(8) as lanes:
        assert set(lanes.map(lane, range(8))) == {SECRET}
    assert asked == ["lab"]


def test_references_that_differ_only_in_a_name_are_not_confused(seen):
    one = resolver(seen, environ={"A": "first", "B": "second"})
    assert [one.resolve(ref("env", name=name)).get_secret_value() for name in "ABA"] == ["first", "second", "first"]


def _missing(name):
    raise ModuleNotFoundError(name)


def _locked(service, user):
    raise RuntimeError(SECRET)


REFUSED = {
    "an unset variable": (ref("env", name="P"), {}, "The environment variable P is not set."),
    "an empty variable": (ref("env", name="P"), {"environ": {"P": ""}}, "The secret is empty."),
    "a missing file": (ref("file", path="/no/such/file"), {}, "cannot be read: No such file or directory."),
    "a missing package": (
        ref("keyring", service="s", username="u"),
        {"load": _missing},
        "pip install 'avma-harness[keyring]'",
    ),
    "a locked keyring": (
        ref("keyring", service="s", username="u"),
        {"load": lambda _: SimpleNamespace(get_password=_locked)},
        "The keyring did not answer: RuntimeError.",
    ),
    "a keyring without the entry": (
        ref("keyring", service="s", username="u"),
        {"load": lambda _: SimpleNamespace(get_password=lambda *_: None)},
        "keyring set s u",
    ),
    "Vault without an address": (
        ref("vault", path="p", field="f"),
        {"load": lambda _: Vault()},
        "The environment variable VAULT_ADDR is not set.",
    ),
    "Vault that refuses": (
        ref("vault", path="p", field="f"),
        {"load": lambda _: Vault(RuntimeError(SECRET)), "environ": VAULT},
        "Vault did not give secret/p: RuntimeError.",
    ),
    "Vault without the field": (
        ref("vault", path="p", field="f"),
        {"load": lambda _: Vault(), "environ": VAULT},
        "has no field f.",
    ),
    "a program that fails": (
        program(f"import sys; print('{SECRET}'); print('{SECRET}', file=sys.stderr); sys.exit(3)"),
        {},
        "ended with exit code 3.",
    ),
    "a program that prints nothing": (program("pass"), {}, "The secret is empty."),
    "a program that prints bytes": (
        program("import sys; sys.stdout.buffer.write(bytes([255]))"),
        {},
        "is not UTF-8.",
    ),
    "a program that hangs": (
        program(f"import time; print('{SECRET}', flush=True); time.sleep(60)"),
        {"command_seconds": 0.5},
        "gave no secret within 0.5 seconds.",
    ),
    "a program that is not there": (ref("command", argv='["no-such-program-7"]'), {}, "cannot be started"),
    "an unknown source": (ref("paper", name="note"), {}, "There is no secret source paper."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_secret_that_cannot_be_had_is_told_with_its_place_and_without_its_value(seen, case):
    reference, options, sentence = REFUSED[case]
    with pytest.raises(InputError) as caught:
        resolver(seen, **options).resolve(reference)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("lab.yaml:7:15: ")
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert caught.value.code == "secret_unavailable"
    assert seen == []


def test_a_file_that_is_not_text_is_refused_without_showing_it(seen, tmp_path):
    path = tmp_path / "secret"
    path.write_bytes("s3cret".encode("utf-16"))
    with pytest.raises(InputError, match="is not UTF-8 text"):
        resolver(seen).resolve(ref("file", path=str(path)))
