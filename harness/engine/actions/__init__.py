"""One module per playbook step that changes something: send, read back, say how it ended."""

from collections.abc import Callable, Mapping

from harness.core.model import Action, ActionResult, StepKind
from harness.engine.actions._bench import Bench
from harness.engine.actions._canary import move_canary
from harness.engine.actions._cleanup import remove_traces
from harness.engine.actions._edition import convert_edition
from harness.engine.actions._guest import activate, install_key, wait_for_activation
from harness.engine.actions._host_key import apply_host_key
from harness.engine.actions._integration import set_integration_service
from harness.engine.actions._subscription import enable_for_cluster

__all__ = ["PERFORMERS", "Bench"]

PERFORMERS: Mapping[StepKind, Callable[[Bench, Action], ActionResult]] = {
    StepKind.HOST_KEY: apply_host_key,
    StepKind.SUBSCRIPTION: enable_for_cluster,
    StepKind.INTEGRATION_SERVICE: set_integration_service,
    StepKind.EDITION: convert_edition,
    StepKind.GUEST_KEY: install_key,
    StepKind.ACTIVATE: activate,
    StepKind.WAIT_FOR_ACTIVATION: wait_for_activation,
    StepKind.CANARY: move_canary,
    StepKind.KVP_CLEANUP: remove_traces,
}
