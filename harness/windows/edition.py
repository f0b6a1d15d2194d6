"""A guest's edition: ordered with DISM through a command shell, brought by a restart, read back through CIM.

Rules and words: Microsoft Learn, "Upgrade and conversion options for Windows Server" (2025-08-18).
"""

from harness.core.errors import RemoteError
from harness.core.model import OperatingSystem
from harness.remoting import CommandShell, PowerShellSession
from harness.windows._refusal import refuse_errors
from harness.windows.licence import LICENCES, ask_with_licences, licences_of
from harness.windows.system import SYSTEM, operating_system, with_licence

__all__ = ["order_edition", "read_guest_system", "restart_guest"]

_RESTART_NEEDED = 3010
"""ERROR_SUCCESS_REBOOT_REQUIRED (winerror.h)."""
_HINTS = {
    50: "In the guest run: DISM /online /Get-TargetEditions",
    740: "Use an account with elevated rights in the guest.",
    1605: "The key does not fit that edition of that release: compare with `avma keys AVMA`.",
}


def order_edition(shell: CommandShell, edition: str, key: str, *, seconds: float) -> None:
    """DISM /Set-Edition with a generic AVMA key; it takes effect with a restart. Retry class: once.

    Args:
        shell: inside the guest, elevated.
        edition: as DISM names it, "ServerStandard".
        key: the public AVMA key of the guest's release and that edition.
        seconds: deadline; DISM takes minutes.

    Raises:
        RemoteError: DISM refused, with its error's number in the message.
        TransportError: by phase.
    """
    words = ["/online", f"/Set-Edition:{edition}", f"/ProductKey:{key}", "/AcceptEula", "/NoRestart"]
    result = shell.run("dism.exe", words, seconds=seconds)
    # PowerShell Direct carries no exit code: what the restart brings decides then
    if result.exit_code in {None, 0, _RESTART_NEEDED}:
        return
    told = " ".join(f"{result.stdout} {result.stderr}".partition("Error:")[2].split())[:300]
    error = RemoteError(
        f"DISM refused the edition {edition} with error {result.exit_code}{f': {told}' if told else '.'}",
        target=shell.target,
        step="order_edition",
        hint=_HINTS.get(result.exit_code or 0, "Read C:\\Windows\\Logs\\DISM\\dism.log in the guest."),
    )
    error.code = "edition_refused"
    raise error


def restart_guest(shell: CommandShell, *, seconds: float) -> None:
    """Restart the guest in five seconds, so that the answer still comes. Retry class: once.

    Raises:
        RemoteError: refused.
        TransportError: by phase.
    """
    result = shell.run("shutdown.exe", ["/r", "/f", "/t", "5", "/d", "p:2:4"], seconds=seconds)
    if result.exit_code:
        raise RemoteError(
            f"The restart was refused: {' '.join(result.stderr.split()) or f'exit code {result.exit_code}'}",
            target=shell.target,
            step="restart_guest",
            hint="Restart the guest by hand, then run the same playbook again.",
        )


def read_guest_system(session: PowerShellSession, *, seconds: float) -> OperatingSystem:
    """Release, edition and whether it is an evaluation, by CIM. Retry class: read.

    Raises:
        RemoteError: they cannot be read.
        TransportError: by phase.
    """
    answers = ask_with_licences(session, [SYSTEM, LICENCES], seconds=seconds)
    system = answers.first("os")
    refuse_errors(answers.errors["os"], target=session.target, step="read_guest_system", answered=system is not None)
    if system is None:
        raise RemoteError(
            "The guest did not tell what it is.",
            target=session.target,
            step="read_guest_system",
            hint="Give the account the right to read root\\cimv2 in the guest.",
        )
    return with_licence(operating_system(system), licences_of(answers.rows.get("licences", ())))
