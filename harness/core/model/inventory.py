"""The operator's inventory: what exists, how to reach it, and which references open it. No secret is ever in here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from harness.core.model.machine import GuestAccess

__all__ = [
    "Auth",
    "ClusterEntry",
    "Connection",
    "CredentialEntry",
    "GuestEntry",
    "GuestRule",
    "HostEntry",
    "HostKeyEntry",
    "Inventory",
    "KeyKind",
    "Licensing",
    "Place",
    "SecretRef",
    "Waiver",
]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file: 1-based line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A reference to a secret: ``source`` env, file, keyring, vault or command; ``locator`` what that source needs."""

    source: str
    locator: Mapping[str, str]
    place: Place | None = None


class Auth(StrEnum):
    """How to authenticate; NEGOTIATE takes Kerberos where it can and NTLM otherwise."""

    NEGOTIATE = "negotiate"
    KERBEROS = "kerberos"
    NTLM = "ntlm"
    BASIC = "basic"
    CERTIFICATE = "certificate"
    CREDSSP = "credssp"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A written permission to lower trust: why, and until when. Logged in each run."""

    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class CredentialEntry:
    """A named credential. ``certificate`` and ``private_key`` are paths, for auth: certificate."""

    name: str
    username: str | None
    password: SecretRef | None
    certificate: str | None = None
    private_key: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one machine. ``ca`` is a PEM path or None for the system's; ``verify`` False needs a waiver."""

    address: str
    port: int
    scheme: str
    auth: Auth
    credential: str | None
    ca: str | None = None
    verify: bool = True
    configuration: str = "Microsoft.PowerShell"
    waiver: Waiver | None = None
    connect_seconds: float = 10.0
    operation_seconds: float = 60.0


class KeyKind(StrEnum):
    """How often a host key may be used: retail and OEM once, a MAK up to its count."""

    RETAIL = "retail"
    OEM = "oem"
    MAK = "mak"


@dataclass(frozen=True, slots=True)
class HostKeyEntry:
    """A host key by reference. ``version`` is the Windows Server release of the key ("2022")."""

    name: str
    kind: KeyKind
    version: str
    key: SecretRef
    activations: int | None = None


class Licensing(StrEnum):
    """How a cluster's nodes get the right to activate guests."""

    HOST = "host"
    BYOL = "byol"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class HostEntry:
    """One host. ``cluster`` names the cluster entry it belongs to; ``key`` a HostKeyEntry."""

    name: str
    connection: Connection
    cluster: str | None = None
    key: str | None = None
    licensing: Licensing = Licensing.HOST
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ClusterEntry:
    """A cluster, by its node list or by a seed node whose answer names the others."""

    name: str
    licensing: Licensing
    nodes: tuple[str, ...]
    seed: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class GuestRule:
    """First match wins: glob ``pattern`` on the VM's name, on one ``host`` or any; how to reach inside."""

    pattern: str
    host: str | None
    access: GuestAccess
    connection: Connection | None
    """Template for winrm: its address is empty, the guest's own is discovered."""
    credential: str | None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class GuestEntry:
    """What cannot be discovered of one guest: another address, tags. ``name`` is the VM's name or its id."""

    name: str
    address: str | None = None
    access: GuestAccess | None = None
    credential: str | None = None
    tags: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """The whole inventory, names resolved and defaults applied."""

    path: str
    hosts: Mapping[str, HostEntry]
    clusters: Mapping[str, ClusterEntry] = field(default_factory=dict)
    credentials: Mapping[str, CredentialEntry] = field(default_factory=dict)
    keys: Mapping[str, HostKeyEntry] = field(default_factory=dict)
    guest_rules: tuple[GuestRule, ...] = ()
    guests: Mapping[str, GuestEntry] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
