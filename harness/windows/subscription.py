"""Windows Server subscription on Azure Stack HCI and Azure Local nodes: read only, changing it takes Azure's own tools.

Get-AzureStackHCISubscriptionStatus lists subscriptions with a state that public sources call Status (Windows Admin
Center) and SubscriptionStatus (Azure Local Environment Checker, 2026-09-18): both are asked for. The numbers behind
the state are unrecorded, so this question asks for names.
"""

from collections.abc import Sequence

from harness.core.model import ServerSubscription
from harness.remoting import cmd
from harness.windows._values import Row
from harness.windows.question import Question

__all__ = ["REGISTRATION", "SUBSCRIPTIONS", "server_subscription"]

REGISTRATION = Question(
    "registration",
    (cmd("Get-AzureStackHCI"),),
    ("ClusterStatus", "RegistrationStatus", "ConnectionStatus", "LastConnected"),
    expected=True,
    numeric=False,
)
SUBSCRIPTIONS = Question(
    "subscription",
    (cmd("Get-AzureStackHCISubscriptionStatus"),),
    ("SubscriptionName", "Status", "SubscriptionStatus"),
    numeric=False,
)
_NAME = "windows server subscription"
_STATES = {"active": True, "inactive": False, "expired": False, "canceled": False, "disabled": False}


def server_subscription(registration: Row | None, subscriptions: Sequence[Row]) -> ServerSubscription | None:
    """The node's Windows Server subscription; None where neither question was answered.

    A list without that subscription is no proof of its absence: ``active`` stays None.
    """
    if registration is None and not subscriptions:
        return None
    row = next((row for row in subscriptions if (row.text("SubscriptionName") or "").casefold() == _NAME), None)
    status = (row.text("Status") or row.text("SubscriptionStatus")) if row else None
    node = registration or Row({})
    return ServerSubscription(
        active=_STATES.get((status or "").casefold()),
        status=status,
        registered=_is(node.text("RegistrationStatus"), "registered"),
        connected=_is(node.text("ConnectionStatus"), "connected"),
        last_connected=node.moment("LastConnected"),
    )


def _is(text: str | None, wanted: str) -> bool | None:
    return None if text is None else text.casefold() == wanted
