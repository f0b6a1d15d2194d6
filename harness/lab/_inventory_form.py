"""The inventory as it is written: one form per kind of entry. The JSON Schema `inventory` is made of these."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.core.model import Auth, GuestAccess, KeyKind, Licensing
from harness.lab._form_types import (
    Address,
    Choice,
    Form,
    IsoDate,
    Name,
    NullIsEmpty,
    Port,
    Release,
    Seconds,
    Text,
    Texts,
    Version,
    refuse,
)

__all__ = [
    "ClusterForm",
    "ConnectionForm",
    "GuestForm",
    "GuestRuleForm",
    "HostForm",
    "InventoryForm",
    "SecretForm",
]


class WaiverForm(Form):
    """A written permission to lower trust: without it, `verify: false` and CredSSP are refused."""

    reason: Text = Field(description="Why trust may be lowered; logged in each run.")
    expires: IsoDate = Field(description="The last day on which the waiver holds, as year-month-day.")


class ConnectionForm(Form):
    """How to reach a machine over WinRM. What is left out comes from `defaults`."""

    scheme: Literal["https", "http"] | None = Field(
        default=None, description="https (default), or http with sealed messages."
    )
    port: Port | None = Field(default=None, description="5986 for https and 5985 for http unless given.")
    auth: Annotated[Auth, Choice] | None = Field(default=None, description="negotiate (default): Kerberos, else NTLM.")
    credential: str | None = Field(default=None, description="The name of an entry of `credentials`.")
    ca: Text | None = Field(default=None, description="A PEM file to trust; the system's authorities unless given.")
    configuration: Text | None = Field(default=None, description="The PowerShell endpoint, for instance a JEA one.")
    connect_seconds: Seconds | None = Field(default=None, description="How long to wait for a connection (10).")
    operation_seconds: Seconds | None = Field(default=None, description="How long one operation may take (60).")
    verify: bool | None = Field(default=None, description="false accepts any certificate and needs a waiver.")
    waiver: WaiverForm | None = None


class KeyringForm(Form):
    """A secret in the operating system's keyring."""

    service: Text
    username: Text


class VaultForm(Form):
    """A secret in HashiCorp Vault, KV version 2. VAULT_ADDR and VAULT_TOKEN come from the environment."""

    path: Text
    field: Text
    mount: Text = "secret"


_SOURCES = ("env", "file", "keyring", "vault", "command")


def _one_source(value: object) -> object:
    if not isinstance(value, dict | None):
        message = "A secret stands here in the clear; the harness takes references only."
        raise refuse("literal_secret", message, "Write for instance `{env: NAME}` or `{file: ./name.secret}`.")
    if isinstance(value, dict):
        given = [source for source in _SOURCES if source in value]
        if len(given) > 1 or not value:
            advice = "Give one of env, file, keyring, vault, command."
            raise refuse("secret_source", "A secret reference names exactly one source.", advice)
    return value


class SecretForm(Form):
    """Where a secret is kept; exactly one source."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        default="", description="An environment variable."
    )
    file: Text = Field(
        default="", description="A file that holds the secret and nothing else; relative to the inventory."
    )
    keyring: KeyringForm | None = None
    vault: VaultForm | None = None
    command: list[Text] = Field(
        default_factory=list, min_length=1, description="A program and its arguments; the first line it prints counts."
    )


SecretSource = Annotated[
    SecretForm,
    BeforeValidator(_one_source),
    Field(json_schema_extra={"minProperties": 1, "maxProperties": 1}),
]


class CredentialForm(Form):
    """A user with a password, or a client certificate with its private key."""

    username: Text | None = Field(default=None, description="DOMAIN\\user, user@domain or, for a local account, user.")
    password: SecretSource | None = None
    certificate: Text | None = Field(default=None, description="PEM file, for `auth: certificate`.")
    private_key: Text | None = Field(default=None, description="PEM file without a passphrase.")


class KeyForm(Form):
    """A host's own product key, by reference. Applying one is permanent."""

    kind: Annotated[KeyKind, Choice] = Field(description="mak, retail or oem: how often the key may be used.")
    version: Release = Field(description="The Windows Server release the key is for, for instance 2022.")
    key: SecretSource = Field(description="Where the key is kept.")
    activations: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many hosts a MAK may still serve."
    )


class NodeForm(ConnectionForm):
    """A node of a cluster."""

    address: Address | None = Field(default=None, description="Name or IP address; the entry's name unless given.")
    key: str | None = Field(default=None, description="The name of an entry of `keys`.")


class HostForm(NodeForm):
    """A host that stands alone."""

    licensing: Annotated[Licensing, Choice] | None = Field(
        default=None, description="host (its own activation), byol (a key of `keys`) or subscription."
    )


class ClusterForm(Form):
    """A cluster: its nodes, or a seed among `hosts` that names the others."""

    licensing: Annotated[Licensing, Choice] = Field(description="One mode for all nodes: host, byol or subscription.")
    seed: str | None = Field(default=None, description="The node to ask first; alone, an entry of `hosts`.")
    nodes: dict[Name, Annotated[NodeForm, NullIsEmpty()]] = Field(default_factory=dict)


class MatchForm(Form):
    """Which virtual machines a rule is about."""

    name: Text = Field(default="*", description="A glob on the VM's name, any case.")
    host: str | None = Field(default=None, description="Only VMs on this host.")


class GuestRuleForm(ConnectionForm):
    """How to reach inside the guests that match; the first rule that matches wins."""

    match: MatchForm = MatchForm()
    via: Annotated[GuestAccess, Choice] = Field(description="winrm, direct (PowerShell Direct through the host), none.")


class GuestForm(Form):
    """What cannot be discovered of one guest. The key is the VM's name or its id."""

    address: Address | None = None
    via: Annotated[GuestAccess, Choice] | None = None
    credential: str | None = None
    tags: Texts = Field(default_factory=list)


HostEntryForm = Annotated[HostForm, NullIsEmpty()]
GuestEntryForm = Annotated[GuestForm, NullIsEmpty()]


class InventoryForm(Form):
    """An inventory of avma-harness: what exists, how to reach it, and which references open it."""

    version: Version = Field(description="The version of this format: 1.")
    defaults: ConnectionForm | None = Field(default=None, description="For every machine that says nothing else.")
    credentials: dict[Name, CredentialForm] | None = None
    keys: dict[Name, KeyForm] | None = None
    hosts: dict[Name, HostEntryForm] | None = None
    clusters: dict[Name, ClusterForm] | None = None
    guest_access: list[GuestRuleForm] | None = None
    guests: dict[Text, GuestEntryForm] | None = None
    groups: dict[Name, list[str]] | None = None
