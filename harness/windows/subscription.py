"""Windows Server subscription on Azure Stack HCI and Azure Local nodes: its state, and how it is enabled.

Get-AzureStackHCISubscriptionStatus lists subscriptions with a state that public sources call Status (Windows Admin
Center) and SubscriptionStatus (Azure Local Environment Checker, 2026-09-18): both are asked for. The numbers behind
the state are unrecorded, so this question asks for names.
"""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import SecretStr

from harness.core.errors import HarnessError
from harness.core.model import ServerSubscription
from harness.core.redaction import Redactor
from harness.remoting import PipelineResult, PowerShellSession, Statement, cmd
from harness.windows._values import Row, json_ready, plain
from harness.windows.answers import ask
from harness.windows.question import Question

__all__ = ["REGISTRATION", "SUBSCRIPTIONS", "enable_subscription", "read_subscription", "server_subscription"]

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


def read_subscription(session: PowerShellSession, *, seconds: float) -> ServerSubscription | None:
    """The node's Windows Server subscription now. Retry class: read.

    Returns:
        the state, or None where the node answered neither question.

    Raises:
        TransportError: by phase.
    """
    answers = ask(session, [REGISTRATION, SUBSCRIPTIONS], seconds=seconds)
    return server_subscription(answers.first("registration"), answers.rows.get("subscription", ()))


def enable_subscription(
    session: PowerShellSession, account: str, token: SecretStr, *, environment: str, seconds: float
) -> PipelineResult:
    """Set-AzStackHCI with an access token, for the node's whole cluster. Retry class: idempotent.

    Windows Admin Center makes the same call (2024): Az.StackHCI 2.3 or later, and Azure takes its time to follow.

    Args:
        session: with a node, elevated.
        account: the Azure account that the token belongs to.
        token: an access token of Azure Resource Manager. It shows in nothing that is returned or raised.
        environment: the Azure cloud, "AzureCloud" for the public one.
        seconds: deadline.

    Raises:
        RemoteError: the module is not there, or the command ended in a terminating error.
        TransportError: by phase.
    """
    redactor = Redactor()
    redactor.register(token.get_secret_value())
    call = cmd(
        "Set-AzStackHCI",
        EnableWSSubscription=True,
        EnvironmentName=environment,
        AccountId=account,
        ArmAccessToken=token.get_secret_value(),
        Force=True,
        Confirm=False,
    )
    try:
        result = session.run([Statement((call,))], seconds=seconds)
    except HarnessError as error:
        error.message = redactor.redact(error.message)
        error.args = (error.message,)
        raise
    errors = tuple(replace(e, message=redactor.redact(e.message)) for e in result.errors)
    output = redactor.redact_value([json_ready(plain(value)) for value in result.output])
    assert isinstance(output, list)
    return replace(result, output=tuple(output), errors=errors)


def _is(text: str | None, wanted: str) -> bool | None:
    return None if text is None else text.casefold() == wanted
