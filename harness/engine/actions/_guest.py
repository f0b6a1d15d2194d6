"""Work inside a guest: install its generic key, ask for activation, wait until it shows."""

from harness.core.catalogue import code as look_up
from harness.core.errors import RemoteError
from harness.core.model import Action, ActionResult, ActionState, LicenceRecord, LicenseStatus, RetryClass
from harness.engine._clock import poll
from harness.engine.actions._bench import Bench, verified
from harness.windows import activate_guest, install_guest_key, read_guest_licence

__all__ = ["activate", "install_key", "wait_for_activation"]

SETTLE_SECONDS = 20.0
"""How long an accepted activation may take to show before the action ends as accepted (not recorded anywhere; the
lab and the documents say seconds)."""


def install_key(bench: Bench, action: Action) -> ActionResult:
    """Install the generic AVMA key ``action.after`` and read its tail back."""
    channel, seconds, context = bench.guest(action), bench.seconds(action), bench.context
    key = action.arguments["product_key"]
    engine = _script_engine(bench, action)
    try:
        context.attempt(
            lambda: install_guest_key(channel.session, channel.shell, key, script_engine=engine, seconds=seconds),
            RetryClass.IDEMPOTENT,
            target=action.target,
        )
    except RemoteError as error:
        return _refused(action, error)
    found = _licence(bench, action)
    if found is not None and found.partial_product_key == key[-5:]:
        return verified(action, f"The key ...{key[-5:]} is installed.")
    return ActionResult(
        action,
        ActionState.FAILED if found is not None else ActionState.UNVERIFIABLE,
        "The installed key did not change." if found else "The guest's licence could not be read back.",
        code="key_unchanged" if found else "licence_unreadable",
        next_step=f"Run `cscript //nologo %windir%\\System32\\slmgr.vbs /ipk {key}` in the guest and read its answer.",
    )


def activate(bench: Bench, action: Action) -> ActionResult:
    """Ask the guest to activate and read the licence back until it shows, for some seconds."""
    channel, seconds, context = bench.guest(action), bench.seconds(action), bench.context
    engine = _script_engine(bench, action)
    try:
        context.attempt(
            lambda: activate_guest(channel.session, channel.shell, script_engine=engine, seconds=seconds),
            RetryClass.IDEMPOTENT,
            target=action.target,
        )
    except RemoteError as error:
        found = _licence(bench, action)
        return _licensed(action, found) or _refused(action, error)
    done = poll(
        lambda: _licensed(action, _licence(bench, action)), seconds=SETTLE_SECONDS, every=2.0, clock=context.clock
    )
    return done or ActionResult(
        action,
        ActionState.ACCEPTED,
        "The guest took the request, but its licence does not show it yet.",
        code="activation_pending",
        next_step="Run `avma verify` in a few minutes.",
    )


def wait_for_activation(bench: Bench, action: Action) -> ActionResult:
    """Read the licence until it is Licensed or ``arguments["seconds"]`` have passed. Changes nothing."""
    limit = float(action.arguments["seconds"])
    done = poll(lambda: _licensed(action, _licence(bench, action)), seconds=limit, every=5.0, clock=bench.context.clock)
    return done or ActionResult(
        action,
        ActionState.FAILED,
        f"The guest is not activated after {limit:.0f} seconds.",
        code="activation_timeout",
        next_step="Run `avma verify`: it names the cause.",
    )


def _licence(bench: Bench, action: Action) -> LicenceRecord | None:
    channel, seconds = bench.guest(action), bench.seconds(action)
    return bench.context.attempt(
        lambda: read_guest_licence(channel.session, seconds=seconds), RetryClass.READ, target=action.target
    )


def _licensed(action: Action, found: LicenceRecord | None) -> ActionResult | None:
    if found is None or found.status != LicenseStatus.LICENSED or not found.is_avma:
        return None
    left = f", {found.grace_minutes} minutes left" if found.grace_minutes else ""
    return verified(action, f"Licensed by {found.avma_host or 'its host'}{left}.")


def _refused(action: Action, error: RemoteError) -> ActionResult:
    row = look_up(error.hresult) if error.hresult is not None else None
    return ActionResult(
        action,
        ActionState.FAILED,
        f"{row.name}: {row.meaning}" if row else error.message,
        code=f"0x{error.hresult:08X}" if error.hresult is not None else error.code,
        next_step=row.next_step if row else error.hint or "Run `avma verify`: it names the cause.",
    )


def _script_engine(bench: Bench, action: Action) -> bool:
    assert action.vm_id is not None
    facts = bench.guests[action.vm_id].facts
    return facts is None or facts.script_engine is not False
