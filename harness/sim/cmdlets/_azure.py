"""The AzureStackHCI module of an Azure node and Set-AzStackHCI of Az.StackHCI.

Get-AzureStackHCISubscriptionStatus: two public sources disagree on Status and SubscriptionStatus, and no numbers are
known: variants. Rows and the error texts after Windows Admin Center and the Azure Local environment checker.
"""

from collections.abc import Iterable

from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.objects import Enum, Obj
from harness.sim.world import Host

__all__ = ["COMMANDS"]

_ROW_TYPES = ("Microsoft.AzureStack.HCI.AzureStackHCISubscription", "System.Object")
_NUMBERS = {"zero": (0, 1), "one": (1, 0), "two": (2, 1)}


def _host(call: Call) -> Host:
    assert call.scope.host is not None
    return call.scope.host


@cmdlet("Get-AzureStackHCI", P("ComputerName"), module="AzureStackHCI")
def get_azure_stack_hci(call: Call) -> Iterable[object]:
    host = _host(call)
    now = call.scope.world.settle()
    connected = host.registered and host.last_sync is None
    state = "Registered" if host.registered else "NotYet"
    kind = "Microsoft.AzureStack.HCI.AzureStackHCI"
    return [
        Obj(
            (kind, "System.Object"),
            {
                "ClusterStatus": Enum("Microsoft.AzureStack.HCI.ClusterStatus", "Clustered", 1),
                "RegistrationStatus": Enum("Microsoft.AzureStack.HCI.RegistrationStatus", state, int(host.registered)),
                "RegistrationDate": host.windows.booted if host.registered else None,
                "AzureResourceName": host.cluster.name if host.cluster else host.name,
                "ConnectionStatus": Enum(
                    "Microsoft.AzureStack.HCI.ConnectionStatus",
                    "Connected" if connected else "NotConnectedRecently" if host.registered else "NotYet",
                    0 if connected else 1 if host.registered else 2,
                ),
                "LastConnected": (host.last_sync or now) if host.registered else None,
                "Region": "westeurope",
            },
            text=kind,
        )
    ]


def _row(call: Call, name: str, *, active: bool) -> Obj:
    variants = call.scope.world.variants
    yes, no = _NUMBERS[variants["hci_status_number"]]
    state = Enum(
        "Microsoft.AzureStack.HCI.SubscriptionStatus", "Active" if active else "Inactive", yes if active else no
    )
    names = {"status": ("Status",), "subscription_status": ("SubscriptionStatus",)}
    columns: dict[str, object] = {"Id": name.casefold().replace(" ", "-"), "SubscriptionName": name}
    columns |= dict.fromkeys(names.get(variants["hci_status_property"], ("Status", "SubscriptionStatus")), state)
    columns["ExpirationTime"] = None
    return Obj(_ROW_TYPES, columns, text=_ROW_TYPES[0])


@cmdlet("Get-AzureStackHCISubscriptionStatus", module="AzureStackHCI")
def get_subscription_status(call: Call) -> Iterable[object]:
    host = _host(call)
    now = call.scope.world.settle()
    if host.last_sync is not None or not host.registered:
        text = "Unable to connect to service."
        call.error(record(text, "Get-AzureStackHCISubscriptionStatus", Category.CONNECTION_ERROR))
        return []
    rows = [_row(call, "Azure Stack HCI", active=True)]
    subscription = host.subscription
    if host.windows.os.release != "20H2":
        active = subscription.enabled and (subscription.effective or now) <= now
        rows.append(_row(call, "Windows Server Subscription", active=active))
    return rows


@cmdlet(
    "Set-AzStackHCI",
    P("EnableWSSubscription", "bool"),
    P("EnvironmentName"),
    P("AccountId"),
    P("ArmAccessToken"),
    P("ResourceId"),
    P("ComputerName"),
    P("DiagnosticLevel"),
    P("Force", "switch"),
    module="Az.StackHCI",
    kind="Function",
    changes=True,
)
def set_az_stack_hci(call: Call) -> Iterable[object]:
    host = _host(call)
    if not call.text("AccountId").strip() or not call.text("ArmAccessToken").strip():
        text = "Run Connect-AzAccount to login: no Azure context was found."
        call.error(record(text, "Set-AzStackHCI", Category.INVALID_OPERATION, reason="WriteErrorException"))
        return []
    if call.has("EnableWSSubscription"):
        call.scope.world.subscribe(host, enabled=call.get("EnableWSSubscription") is True)
    kind = "System.Management.Automation.PSCustomObject"
    return [Obj((kind, "System.Object"), {}, {"Result": "Success", "ErrorDetail": ""}, "@{Result=Success}")]


COMMANDS = (get_azure_stack_hci, get_subscription_status, set_az_stack_hci)
