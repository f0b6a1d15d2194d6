"""A playbook: ordered steps, each a wish about hosts or guests, never a command."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.core.model.inventory import Place

__all__ = ["Playbook", "Step", "StepKind"]


class StepKind(StrEnum):
    """What a step is about; its options are described by the JSON Schema `avma schema playbook`."""

    HOST_ACTIVATION = "host_activation"
    HOST_KEY = "host_key"
    SUBSCRIPTION = "subscription"
    INTEGRATION_SERVICE = "integration_service"
    EDITION = "edition"
    GUEST_KEY = "guest_key"
    ACTIVATE = "activate"
    WAIT_FOR_ACTIVATION = "wait_for_activation"
    CANARY = "canary"
    KVP_CLEANUP = "kvp_cleanup"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    ``options`` hold the kind's own keys, validated: integration_service has ``component`` (upper-case GUID) and
    ``enabled``; guest_key has ``replace`` (tuple of "kms", "mak", "retail"); wait_for_activation has ``seconds``;
    host_key has ``accept_key_cost``; subscription has ``enable``, ``credential``, ``environment`` and ``seconds``;
    kvp_cleanup has ``without_trace``; canary has ``vm`` (name or id), ``seconds`` for one move and, after an
    interruption, ``home``. ``when`` holds conditions by fact name (``os_version``, ``edition``, ``flavour``, ``name``
    glob). ``serial`` is how many targets run at once, None for all.
    """

    kind: StepKind
    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    serial: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Playbook:
    """A named list of steps for ``targets`` (host, cluster, group or VM name patterns; empty means all)."""

    name: str
    targets: tuple[str, ...]
    steps: tuple[Step, ...]
    path: str = ""
