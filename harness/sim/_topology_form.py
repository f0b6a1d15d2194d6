"""A topology file as it is written; the JSON Schema `topology` is made of these forms."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "AccountForm",
    "ClusterForm",
    "GuestForm",
    "GuestKeyForm",
    "HostForm",
    "HostKeyForm",
    "KmsForm",
    "LinuxForm",
    "ListenForm",
    "OsForm",
    "SessionConfigurationForm",
    "TopologyForm",
    "UserForm",
]

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ComputerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,14}$")]
KeyText = Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$")]
Tag = Literal["en", "de", "fr", "es", "ja", "zh-CN", "ru"]
AuthName = Literal["Negotiate", "Kerberos", "Basic", "CredSSP", "Certificate"]


class Form(BaseModel):
    """A mapping whose unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OsForm(Form):
    """An installed Windows."""

    family: Literal["server", "client", "azure", "hyperv_server"] = "server"
    release: Name = Field(description='"2012 R2" to "2025"; "22H2" for Azure Stack HCI; "10", "11" for a client.')
    edition: Name = Field(
        default="Standard",
        description="Datacenter, Standard, Essentials, 'Datacenter: Azure Edition', Azure Stack HCI ...",
    )
    core: bool = False
    evaluation: bool = False
    domain_controller: bool = False
    language: Tag = "en"
    utc_offset: Annotated[int, Field(ge=-720, le=840)] = Field(default=0, description="Minutes ahead of UTC.")
    clock_error: Annotated[int, Field(ge=-525600, le=525600)] = Field(
        default=0, description="Minutes by which the wall clock is wrong; licence and logs keep the dates they have."
    )


class LinuxForm(Form):
    """A guest that is no Windows."""

    distribution: Name = "Debian GNU/Linux"
    version: Name = "12"
    kernel: Name = "6.1.0-28-amd64"


class ListenForm(Form):
    """How a machine's WinRM service is set up."""

    http: bool = True
    https: bool = True
    auth: list[AuthName] = ["Negotiate", "Basic"]
    allow_unencrypted: bool = False
    channel_binding: Literal["none", "relaxed", "strict"] = "relaxed"
    certificate: Literal["good", "expired", "wrong_name", "unknown_ca", "self_signed"] = "good"
    latency_ms: Annotated[float, Field(ge=0)] = 0.0
    lockout_after: Annotated[int, Field(ge=0)] = 0
    open_receives: Annotated[int, Field(ge=1, le=3)] = 2
    keytab: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="Path of a Kerberos keytab: tickets for the principals in it are accepted."
    )


class UserForm(Form):
    """A further account of one computer."""

    username: Name
    password: Name
    administrator: bool = True
    remote: bool = Field(default=True, description="A member of Remote Management Users, if no administrator.")
    enabled: bool = True
    expired: bool = False


class SessionConfigurationForm(Form):
    """A restricted PowerShell endpoint (JEA) of one computer."""

    name: Name
    role: Annotated[str, StringConstraints(min_length=1)] = Field(
        default="AvmaHarness", description="A role of the lab, or the path of a .psrc file."
    )
    run_as: Literal["virtual_account", "user"] = "virtual_account"
    users: list[Name] = Field(default_factory=list, description="Who may open it; every account unless given.")


class KmsForm(Form):
    """The KMS server a guest knows."""

    machine: Name
    reachable: bool = True


class GuestForm(Form):
    """A virtual machine and what is installed in it."""

    name: Name
    id: UUID | None = None
    computer_name: ComputerName | None = Field(default=None, description="The VM's name in upper case unless given.")
    os: OsForm | None = None
    linux: LinuxForm | None = None
    generation: Literal[1, 2] = 2
    state: Literal["running", "off", "saved", "paused"] = "running"
    key: Name = Field(default="none", description="none, avma, gvlk, evaluation, or an entry of guest_keys.")
    licensed: bool = Field(default=False, description="Whether that key is activated already.")
    days_left: Annotated[float, Field(gt=0)] | None = Field(default=None, description="Of a lease or a trial.")
    kms: KmsForm | None = None
    internet: bool = True
    data_exchange: Literal["on", "off", "no_contact"] = "on"
    access: Literal["winrm", "direct", "none"] = "winrm"
    listen: ListenForm = ListenForm()
    script_engine: bool = Field(default=True, description="false: VBScript was removed, slmgr.vbs cannot run.")
    wrap_columns: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Width at which the console breaks slmgr's lines; 0 for not at all."
    )
    addons: list[Literal["esu", "office"]] = Field(default_factory=list)
    kvp: dict[str, str] = Field(default_factory=dict, description="Items that override or join the intrinsic ones.")
    clustered: bool | None = Field(default=None, description="A cluster role; true on a cluster's nodes unless given.")
    users: list[UserForm] = Field(default_factory=list)


class HostForm(Form):
    """A virtualization host."""

    name: ComputerName
    os: OsForm
    hyperv: bool = True
    activated: bool = True
    method: Literal["mak", "oem", "retail", "kms"] = "mak"
    key: Name | None = Field(default=None, description="The host key that the inventory plans for it.")
    applied_keys: list[Name] = Field(
        default_factory=list, description="Host keys in force from the start, oldest first."
    )
    subscription: bool = False
    avma_module: Name | None = Field(
        default=None, description='Version of ServerAVMAManager; "1.1" on Azure hosts unless given, "none" for none.'
    )
    az_module: bool = False
    connected: bool = Field(default=True, description="Whether an Azure host still reaches Azure.")
    registered: bool = Field(default=True, description="Whether an Azure host is registered with Azure already.")
    state: Literal["Up", "Down", "Paused", "Joining"] = "Up"
    group: Name | None = Field(default=None, description="A group of the inventory.")
    listen: ListenForm = ListenForm()
    script_engine: bool = True
    wrap_columns: Annotated[int, Field(ge=0)] = 0
    users: list[UserForm] = Field(default_factory=list)
    session_configurations: list[SessionConfigurationForm] = Field(default_factory=list)
    configuration: Name | None = Field(default=None, description="The endpoint that the inventory names.")
    guests: list[GuestForm] = Field(default_factory=list)


class ClusterForm(Form):
    """A failover cluster."""

    name: ComputerName
    licensing: Literal["host", "byol", "subscription"] = "byol"
    functional_level: Annotated[int, Field(ge=8, le=12)] = 12
    nodes: Annotated[list[HostForm], Field(min_length=1)]


class HostKeyForm(Form):
    """An invented host key: it opens this lab and nothing else."""

    key: KeyText
    kind: Literal["mak", "retail", "oem"]
    version: Literal["2016", "2019", "2022", "2025"]
    edition: Name = "Datacenter"
    activations: Annotated[int, Field(ge=1)] = 1
    used: Annotated[int, Field(ge=0)] = 0


class GuestKeyForm(Form):
    """An invented guest key of another channel than AVMA and KMS."""

    key: KeyText
    channel: Literal["mak", "retail", "oem"]
    release: Name
    edition: Name = "Standard"


class AccountForm(Form):
    """An administrator. A password that is not given is made from the seed."""

    username: Name = "Administrator"
    password: Name | None = None


class TopologyForm(Form):
    """A simulated lab: hosts, clusters, guests, and what is true of them at the beginning."""

    version: Literal[1]
    name: Name = "lab"
    domain: str = Field(default="lab.example", description="DNS suffix of every computer.")
    start: datetime | Literal["now"] = Field(default="now", description="The lab's time at its beginning.")
    real_time: bool = Field(default=True, description="Whether the lab's clock also runs with the real one.")
    variants: dict[str, str] = Field(default_factory=dict)
    host_account: AccountForm = AccountForm(username="LAB\\avma-operator")
    guest_account: AccountForm = AccountForm()
    host_keys: dict[str, HostKeyForm] = Field(default_factory=dict)
    guest_keys: dict[str, GuestKeyForm] = Field(default_factory=dict)
    hosts: list[HostForm] = Field(default_factory=list)
    clusters: list[ClusterForm] = Field(default_factory=list)
