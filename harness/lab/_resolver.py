"""Secrets, fetched from where they are kept at the last moment, and told to the redactor before anybody sees them."""

import importlib
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import SecretStr

from harness.core.errors import InputError
from harness.core.model import SecretRef

__all__ = ["Resolver"]


class Resolver:
    """Resolves secret references, each once per run; safe to call from several lanes.

    No error carries the secret, nor what a failing program printed: that may be the secret as well.

    Args:
        register: called with every secret before it is returned; the redactor's ``register``.
        warn: called with a sentence where a secret is kept carelessly.
        environ: the environment; the process's own unless given.
        command_seconds: how long a ``command`` source may take.
        load: imports an optional package by name (keyring, hvac).

    Example:
        >>> seen = []
        >>> resolver = Resolver(register=seen.append, environ={"LAB_PASSWORD": "s3cret"})
        >>> resolver.resolve(SecretRef("env", {"name": "LAB_PASSWORD"}))
        SecretStr('**********')
        >>> seen
        ['s3cret']
    """

    def __init__(
        self,
        *,
        register: Callable[[str], None],
        warn: Callable[[str], None] = lambda _: None,
        environ: Mapping[str, str] | None = None,
        command_seconds: float = 30.0,
        load: Callable[[str], Any] = importlib.import_module,
    ) -> None:
        self._register = register
        self._warn = warn
        self._environ = os.environ if environ is None else environ
        self._command_seconds = command_seconds
        self._load = load
        self._known: dict[tuple[str, ...], SecretStr] = {}
        self._lock = Lock()

    def resolve(self, ref: SecretRef) -> SecretStr:
        """The secret behind a reference.

        Raises:
            InputError: it cannot be had; ``target`` is the reference's place in the inventory.
        """
        identity = (ref.source, *(text for item in sorted(ref.locator.items()) for text in item))
        with self._lock:
            if identity not in self._known:
                secret = self._fetch(ref)
                if not secret:
                    raise _error(ref, "The secret is empty.", "Store a value where the reference points.")
                self._register(secret)
                self._known[identity] = SecretStr(secret)
            return self._known[identity]

    def _fetch(self, ref: SecretRef) -> str:
        match ref.source:
            case "env":
                return self._env(ref)
            case "file":
                return self._file(ref)
            case "keyring":
                return self._keyring(ref)
            case "vault":
                return self._vault(ref)
            case "command":
                return self._command(ref)
            case _:
                raise _error(
                    ref, f"There is no secret source {ref.source}.", "Use env, file, keyring, vault or command."
                )

    def _env(self, ref: SecretRef) -> str:
        name = ref.locator["name"]
        if name not in self._environ:
            raise _error(ref, f"The environment variable {name} is not set.", "Set it for this process.")
        return self._environ[name]

    def _file(self, ref: SecretRef) -> str:
        path = Path(ref.locator["path"])
        try:
            text = path.read_bytes().decode("utf-8-sig")
            mode = path.stat().st_mode
        except OSError as error:
            message = f"The secret file {path} cannot be read: {error.strerror}."
            raise _error(ref, message, "Check the path, relative to the inventory's folder, and its rights.") from None
        except UnicodeDecodeError:
            raise _error(ref, f"The secret file {path} is not UTF-8 text.", "Save it as UTF-8.") from None
        if os.name == "posix" and mode & 0o004:
            self._warn(f"{ref.place}: Every user of this machine can read the secret file {path}. Run chmod 600 on it.")
        return text.removesuffix("\n").removesuffix("\r")

    def _keyring(self, ref: SecretRef) -> str:
        keyring = self._package(ref, "keyring", "keyring")
        service, username = ref.locator["service"], ref.locator["username"]
        try:
            secret = keyring.get_password(service, username)
        except Exception as error:  # noqa: BLE001 - each keyring backend raises its own
            message = f"The keyring did not answer: {type(error).__name__}."
            raise _error(ref, message, "Unlock it, or try: keyring get SERVICE USERNAME.") from None
        if secret is None:
            message = f"The keyring has no password for {username} at service {service}."
            raise _error(ref, message, f"Store it: keyring set {service} {username}.")
        return str(secret)

    def _vault(self, ref: SecretRef) -> str:
        hvac = self._package(ref, "hvac", "vault")
        path, field, mount = ref.locator["path"], ref.locator["field"], ref.locator.get("mount", "secret")
        address = self._environ.get("VAULT_ADDR")
        if not address:
            raise _error(
                ref, "The environment variable VAULT_ADDR is not set.", "Set it to the URL of the Vault server."
            )
        try:
            client = hvac.Client(
                url=address, token=self._environ.get("VAULT_TOKEN"), namespace=self._environ.get("VAULT_NAMESPACE")
            )
            answer = client.secrets.kv.v2.read_secret_version(
                path=path, mount_point=mount, raise_on_deleted_version=True
            )
            fields = answer["data"]["data"]
        except Exception as error:  # noqa: BLE001 - hvac lets requests' errors through next to its own
            message = f"Vault did not give {mount}/{path}: {type(error).__name__}."
            raise _error(ref, message, "Check VAULT_ADDR, VAULT_TOKEN and the path (KV version 2).") from None
        if field not in fields:
            raise _error(ref, f"The Vault entry {mount}/{path} has no field {field}.", "Check the field's name.")
        return str(fields[field])

    def _command(self, ref: SecretRef) -> str:
        argv = [str(argument) for argument in json.loads(ref.locator["argv"])]
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own program, an argument list, no shell
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._command_seconds,
                env=dict(self._environ),
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"The program {argv[0]} gave no secret within {self._command_seconds:g} seconds."
            raise _error(ref, message, "It must not ask questions.") from None
        except OSError as error:
            raise _error(
                ref, f"The program {argv[0]} cannot be started: {error.strerror}.", "Check its path."
            ) from None
        if done.returncode != 0:
            raise _error(ref, f"The program {argv[0]} ended with exit code {done.returncode}.", "Run it by hand.")
        try:
            return next(iter(done.stdout.decode("utf-8").splitlines()), "")
        except UnicodeDecodeError:
            raise _error(
                ref, f"The program {argv[0]} printed something that is not UTF-8.", "Run it by hand."
            ) from None

    def _package(self, ref: SecretRef, name: str, extra: str) -> Any:
        try:
            return self._load(name)
        except ImportError:
            message = f"This secret needs the Python package {name}, which is not installed."
            raise _error(ref, message, f"Run: pip install 'avma-harness[{extra}]'.") from None


def _error(ref: SecretRef, message: str, hint: str) -> InputError:
    return InputError(message, code="secret_unavailable", target=str(ref.place) if ref.place else None, hint=hint)
