"""Facts and commands inside a guest, over WinRM to it or through PowerShell Direct: the caller's channel decides."""

from collections.abc import Callable
from datetime import datetime

from harness.core.errors import HarnessError, RemoteError
from harness.core.model import GuestAccess, GuestFacts, LicenceRecord, PartState, VirtualMachine
from harness.remoting import CommandShell, PowerShellSession
from harness.windows import licence, slmgr
from harness.windows._evidence import Keep, nobody, raw_answers
from harness.windows._gathering import Asked, ask_possible
from harness.windows._refusal import refuse_errors
from harness.windows.capabilities import HostCapabilities, probe
from harness.windows.events import GUEST_EVENTS, activation_events
from harness.windows.guest_registry import PARAMETERS, host_values
from harness.windows.licence import LICENCES, ask_with_licences, licences_of, windows_licence
from harness.windows.question import FULL, distinct
from harness.windows.system import SYSTEM, operating_system, with_licence

__all__ = [
    "GUEST_QUESTIONS",
    "activate_guest",
    "clear_guest_key",
    "gather_guest",
    "install_guest_key",
    "read_guest_licence",
    "uninstall_guest_key",
]

GUEST_QUESTIONS = distinct((SYSTEM, LICENCES, GUEST_EVENTS, PARAMETERS))

_COMMANDS = frozenset(command.name for question in GUEST_QUESTIONS for command in question.source)
_TOO_OLD = PartState(
    ok=False,
    code="powershell_too_old",
    message="This guest's PowerShell has no CIM cmdlets: it is older than 3.0 (Windows Server 2012).",
)


def gather_guest(
    session: PowerShellSession,
    shell: CommandShell | None,
    vm: VirtualMachine,
    access: GuestAccess,
    *,
    clock: Callable[[], datetime],
    seconds: float,
    keep: Keep = nobody,
) -> GuestFacts:
    """Everything a guest says of itself. Retry class: read; sends nothing that changes state.

    One pipeline, and /dlv where there is a command shell. What every Windows PowerShell since 3.0 has is taken for
    granted; only where the pipeline breaks off is the guest probed and asked once more.

    Args:
        session: into the guest.
        shell: into the guest, or None.
        vm: as its host lists it; only its id goes into the facts.
        access: what carries the session.
        clock: the present time, aware.
        seconds: deadline of each operation.
        keep: is handed the raw answers, as evidence.

    Returns:
        the facts. ``parts``: os, licences, events, parameters, dlv. A trouble of the shell alone, of whatever kind, is
        a state of ``dlv``. ``reachable`` is False where the session answered nothing at all.

    Raises:
        TransportError: the session failed, by phase.
    """
    asked = _asked(session, clock, seconds)
    answers, parts = asked.answers, asked.parts
    if parts["os"].code == "command_missing" and asked.capabilities.has("Get-ItemProperty", "Get-WinEvent"):
        parts["os"] = _TOO_OLD
    reachable = any(answers.rows.values())
    dlv, parts["dlv"] = _display(shell, seconds) if reachable else (None, parts["os"])
    keep(lambda: {**raw_answers(answers), "dlv": dlv})
    licences = licences_of(answers.rows.get("licences", ()))
    system = answers.first("os")
    parameters = answers.first("parameters")
    return GuestFacts(
        vm_id=vm.vm_id,
        access=access,
        reachable=reachable,
        os=with_licence(operating_system(system), licences) if system else None,
        licences=licences,
        dlv=dlv,
        events=activation_events(answers.rows.get("events", ())),
        reported_vm_id=parameters.guid("VirtualMachineId") if parameters else None,
        parts=parts,
        gathered_at=clock(),
        script_engine=_script_engine(parts["dlv"]),
        host_values=host_values(parameters),
    )


def _asked(session: PowerShellSession, clock: Callable[[], datetime], seconds: float) -> Asked:
    everything = HostCapabilities(frozenset(name.casefold() for name in _COMMANDS), None, FULL, clock())
    first = ask_possible(session, everything, GUEST_QUESTIONS, seconds=seconds)
    if not first.answers.unheard and not first.answers.stale:
        return first
    return ask_possible(
        session, probe(session, _COMMANDS, now=clock(), seconds=seconds), GUEST_QUESTIONS, seconds=seconds
    )


def _display(shell: CommandShell | None, seconds: float) -> tuple[str | None, PartState]:
    """The output of /dlv. It corroborates only, so no trouble with it costs the facts that CIM gave."""
    if shell is None:
        return None, PartState(ok=False, code="no_shell", message="No command shell leads into this guest.")
    try:
        return slmgr.display(shell, seconds=seconds), PartState(ok=True)
    except HarnessError as error:
        return None, PartState(ok=False, code=error.code, message=error.message)


def _script_engine(dlv: PartState) -> bool | None:
    if dlv.ok:
        return True
    return False if dlv.code == slmgr.ENGINE_MISSING else None


def read_guest_licence(session: PowerShellSession, *, seconds: float) -> LicenceRecord | None:
    """The Windows licence by CIM alone: cheap enough to be polled. Retry class: read.

    Returns:
        the licence with a key, or None where the guest has none.

    Raises:
        RemoteError: the licence cannot be read.
        TransportError: by phase.
    """
    answers = ask_with_licences(session, [LICENCES], seconds=seconds)
    refuse_errors(
        answers.errors["licences"],
        target=session.target,
        step="read_guest_licence",
        answered=bool(answers.rows["licences"]),
    )
    return windows_licence(licences_of(answers.rows["licences"]))


def install_guest_key(
    session: PowerShellSession, shell: CommandShell | None, key: str, *, script_engine: bool, seconds: float
) -> str:
    """Install a product key: slmgr /ipk, or CIM's InstallProductKey where no script engine is left.

    Retry class: idempotent. Success is only what read_guest_licence shows afterwards.

    Args:
        session: into the guest, elevated.
        shell: into the guest, or None.
        key: Microsoft's generic AVMA key of the guest's release and edition; public.
        script_engine: what is known of the guest; False goes to CIM at once.
        seconds: deadline of each operation.

    Returns:
        what slmgr printed, or an empty text where CIM did it.

    Raises:
        RemoteError: refused, with ``hresult``: 0xC004F069 for a key of another edition, 0xC004F050 for an unknown one.
        TransportError: by phase.
    """
    return _slmgr_or_cim(
        shell if script_engine else None,
        ("/ipk", key),
        lambda: licence.install_key(session, key, seconds=seconds),
        seconds=seconds,
    )


def activate_guest(
    session: PowerShellSession, shell: CommandShell | None, *, script_engine: bool, seconds: float
) -> str:
    """Ask the guest to activate now: slmgr /ato, or CIM's Activate. Retry class: idempotent; read back.

    Args, Returns:
        as install_guest_key.

    Raises:
        RemoteError: refused, with ``hresult`` such as 0xC004FD02 (the host is not activated).
        TransportError: by phase.
    """
    return _slmgr_or_cim(
        shell if script_engine else None,
        ("/ato",),
        lambda: licence.activate(session, seconds=seconds),
        seconds=seconds,
    )


def uninstall_guest_key(
    session: PowerShellSession, shell: CommandShell | None, *, script_engine: bool, seconds: float
) -> str:
    """Take the guest's key out: slmgr /upk or CIM. Retry class: idempotent. Otherwise as activate_guest."""
    return _slmgr_or_cim(
        shell if script_engine else None,
        ("/upk",),
        lambda: licence.uninstall_key(session, seconds=seconds),
        seconds=seconds,
    )


def clear_guest_key(
    session: PowerShellSession, shell: CommandShell | None, *, script_engine: bool, seconds: float
) -> str:
    """Clear the key from the guest's registry: slmgr /cpky or CIM. Retry class: idempotent. As activate_guest."""
    return _slmgr_or_cim(
        shell if script_engine else None,
        ("/cpky",),
        lambda: licence.clear_key(session, seconds=seconds),
        seconds=seconds,
    )


def _slmgr_or_cim(
    shell: CommandShell | None, words: tuple[str, ...], by_cim: Callable[[], None], *, seconds: float
) -> str:
    """What slmgr printed; an empty text where it cannot run and CIM did the work."""
    if shell is not None:
        try:
            return slmgr.change(shell, *words, seconds=seconds).text
        except RemoteError as error:
            if error.code != slmgr.ENGINE_MISSING:
                raise
    by_cim()
    return ""
