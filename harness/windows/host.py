"""All facts of a host in one pipeline: one Command and one Receive on an open session, twice that at first contact."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from harness.core.model import HostFacts, PartState
from harness.remoting import PowerShellSession
from harness.windows._evidence import Keep, nobody, raw_answers
from harness.windows._gathering import Asked, ask_possible
from harness.windows.activation import ACTIVATION, host_activation
from harness.windows.answers import Answers
from harness.windows.capabilities import HostCapabilities, probe
from harness.windows.cluster import CLUSTER_QUESTIONS, cluster_view
from harness.windows.events import HOST_EVENTS, activation_events
from harness.windows.hypervisor import HOST_ROLE, MACHINES, virtual_machines
from harness.windows.integration import SERVICES, services_by_vm
from harness.windows.kvp import KVP, items_by_vm
from harness.windows.licence import LICENCES, licences_of
from harness.windows.question import distinct
from harness.windows.subscription import REGISTRATION, SUBSCRIPTIONS, server_subscription
from harness.windows.system import SYSTEM, flavour_of, operating_system, with_licence

__all__ = ["HOST_COMMANDS", "HOST_QUESTIONS", "gather_host"]

HOST_QUESTIONS = distinct(
    (
        SYSTEM,
        LICENCES,
        HOST_ROLE,
        MACHINES,
        SERVICES,
        KVP,
        HOST_EVENTS,
        REGISTRATION,
        SUBSCRIPTIONS,
        *CLUSTER_QUESTIONS,
        ACTIVATION,
    )
)
"""In the order of their worth: a terminating error silences what stands behind it. Get-Cluster ends a pipeline where
the cluster service does not run, so it stands near the end; the one command of unknown manners stands last."""

HOST_COMMANDS = frozenset(command.name for question in HOST_QUESTIONS for command in question.source)
"""All that a probe has to ask for."""

_AZURE_COMMANDS = ("Get-VMAutomaticActivation", "Get-AzureStackHCI")


def gather_host(
    session: PowerShellSession,
    name: str,
    *,
    known: HostCapabilities | None,
    clock: Callable[[], datetime],
    seconds: float,
    keep: Keep = nobody,
) -> tuple[HostFacts, HostCapabilities]:
    """Everything about one host. Retry class: read; sends nothing that changes state.

    With ``known`` capabilities this is exactly one pipeline, otherwise a probe goes first. Only where a pipeline broke
    off before all subjects were heard is the endpoint probed afresh and asked once more, the subject at fault last;
    there it stays for as long as the capabilities are remembered.

    Args:
        session: with the host.
        name: the inventory's name of it, which goes into the facts.
        known: what an earlier call returned.
        clock: the present time, aware.
        seconds: deadline of each pipeline.
        keep: is handed the raw answers, as evidence.

    Returns:
        the facts, and the capabilities to remember. ``facts.parts`` holds a state for every question by name (os,
        licences, hyperv, vms, services, kvp, events, registration, subscription, cluster, nodes, groups, activation)
        and for modules; the activation of a host without that command is not ok with code command_missing.

    Raises:
        RemoteError: the endpoint does not even list its commands.
        TransportError: by phase.
    """
    capabilities = known or probe(session, HOST_COMMANDS, now=clock(), seconds=seconds)
    asked = ask_possible(session, capabilities, HOST_QUESTIONS, seconds=seconds)
    told = asked.answers
    if told.unheard or told.stale:
        late = capabilities.late | ({told.blamed} if told.blamed and not told.stale else set())
        if known:
            capabilities = probe(session, HOST_COMMANDS, now=clock(), seconds=seconds)
        asked = ask_possible(session, replace(capabilities, late=late), HOST_QUESTIONS, seconds=seconds)
    keep(partial(raw_answers, asked.answers))
    return _facts(name, asked, clock()), asked.capabilities


def _facts(name: str, asked: Asked, now: datetime) -> HostFacts:
    answers, capabilities = asked.answers, asked.capabilities
    rows = {question.name: answers.rows.get(question.name, ()) for question in HOST_QUESTIONS}
    licences = licences_of(rows["licences"])
    system = with_licence(operating_system(answers.first("os")), licences)
    parts = {**asked.parts, "modules": _modules_state(capabilities)}
    parts["vms"] = _proven(parts)
    return HostFacts(
        name=name,
        os=system,
        flavour=flavour_of(system, azure_commands=any(capabilities.has(command) for command in _AZURE_COMMANDS)),
        hyperv=_hyperv(answers, parts),
        licences=licences,
        vms=virtual_machines(rows["vms"], name, services_by_vm(rows["services"]), items_by_vm(rows["kvp"])),
        events=activation_events(rows["events"]),
        modules=capabilities.modules or (),
        cluster=cluster_view(answers.first("cluster"), rows["nodes"], rows["groups"]),
        activation=host_activation(answers.raw) if parts["activation"].ok else None,
        parts=parts,
        gathered_at=now,
        subscription=server_subscription(answers.first("registration"), rows["subscription"]),
    )


def _modules_state(capabilities: HostCapabilities) -> PartState:
    if capabilities.modules is None:
        return PartState(ok=False, code="command_missing", message="The endpoint does not let modules be listed.")
    return PartState(ok=True)


def _proven(parts: Mapping[str, PartState]) -> PartState:
    """An empty Get-VM means "none" only to a Hyper-V administrator, which Get-VMHost proves by answering."""
    state = parts["vms"]
    if state.ok and not parts["hyperv"].ok:
        message = "Get-VM lists only what this account may see, and Get-VMHost did not confirm its rights."
        return PartState(ok=False, code="no_rights_proof", message=message)
    return state


def _hyperv(answers: Answers, parts: Mapping[str, PartState]) -> bool | None:
    """Whether the role is there: Get-VMHost answered, or the namespace of virtualization does not exist."""
    if parts["hyperv"].ok or answers.rows.get("vms") or answers.rows.get("kvp"):
        return True
    return False if parts["kvp"].code in {"namespace_missing", "class_missing"} else None
