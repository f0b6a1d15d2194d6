"""dism.exe, as far as it reads and changes the edition. Texts: DISM's English ones; the exit code is the error's."""

from collections.abc import Sequence

from harness.sim.shell._cscript import ProgramOutput
from harness.sim.world import Installation, World, current_edition, order_edition, target_editions

__all__ = ["changes_edition", "run_dism"]

_BANNER = (
    "\r\nDeployment Image Servicing and Management tool\r\nVersion: {version}\r\n\r\nImage Version: {version}\r\n\r\n"
)
_STEPS = (
    "Starting to update components...\r\nFinished updating components.\r\n\r\n"
    "Starting to apply edition-specific settings...\r\n"
)
_RESTART = 3010
_NOT_ELEVATED = 740
_WRONG_OPTION = 87
_ERRORS = {
    50: "Setting an edition is not supported with this image.",
    1605: "The specified product key could not be validated.\r\n"
    "Check that the specified product key is valid and that it matches the target edition.",
    _NOT_ELEVATED: "Elevated permissions are required to run DISM.",
    _WRONG_OPTION: "An option is unknown.",
}


def changes_edition(arguments: Sequence[str]) -> bool:
    """Whether these arguments order another edition."""
    return any(word.casefold().startswith("/set-edition:") for word in arguments)


def run_dism(world: World, windows: Installation, arguments: Sequence[str], *, elevated: bool) -> ProgramOutput:
    """Run DISM on the running system."""
    told = {word.partition(":")[0].casefold(): word.partition(":")[2] for word in arguments}
    if not elevated:
        return _failed(windows, _NOT_ELEVATED)
    if "/online" not in told:
        return _failed(windows, _WRONG_OPTION)
    if "/get-currentedition" in told:
        return _said(windows, f"Current edition is:\r\n\r\nCurrent Edition : {current_edition(windows.os)}\r\n\r\n")
    if "/get-targeteditions" in told:
        listed = "".join(f"Target Edition : {name}\r\n\r\n" for name in target_editions(windows.os))
        none = "(The current edition cannot be upgraded to any target editions.)\r\n\r\n"
        return _said(windows, f"Editions that can be upgraded to:\r\n\r\n{listed or none}")
    if "/set-edition" not in told or "/accepteula" not in told or "/productkey" not in told:
        return _failed(windows, _WRONG_OPTION)
    error = order_edition(windows, told["/set-edition"], told["/productkey"], world.keys, world.variants)
    if error:
        return _failed(windows, error)
    answer = _said(windows, _STEPS, quiet="/quiet" in told)
    return ProgramOutput(_RESTART, answer.stdout)


def _said(windows: Installation, text: str, *, quiet: bool = False) -> ProgramOutput:
    banner = _BANNER.format(version=windows.os.full_version)
    end = "The operation completed successfully.\r\n"
    return ProgramOutput(0, "" if quiet else f"{banner}{text}{end}")


def _failed(windows: Installation, error: int) -> ProgramOutput:
    banner = _BANNER.format(version=windows.os.full_version)
    log = "The DISM log file can be found at C:\\Windows\\Logs\\DISM\\dism.log\r\n"
    return ProgramOutput(error, f"{banner}\r\nError: {error}\r\n\r\n{_ERRORS[error]}\r\n\r\n{log}")
