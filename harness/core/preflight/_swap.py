"""A guest's change of keys with its upgrade: AVMA (old), GVLK, AVMA (new), each step provable.

Setup refuses AVMA keys, so a GVLK stands in between: MicrosoftDocs/windowsserverdocs issue 1580 (2018).
"""

from dataclasses import dataclass

from harness.core.catalogue import KeyRow, gvlk
from harness.core.preflight._desk import Desk
from harness.core.preflight._records import SwapStep
from harness.core.verdict import GuestCase, method_of

__all__ = ["KeySwap", "key_swap"]


@dataclass(frozen=True, slots=True)
class KeySwap:
    """The three keys: ``before`` is the tail of the one that is installed."""

    release: str
    before: str
    interim: KeyRow
    after: KeyRow

    def steps(self) -> tuple[SwapStep, ...]:
        """What is done when, and what proves it."""
        tail, gvlk_tail, old = self.after.last5, self.interim.last5, self.before
        return (
            SwapStep(
                "before",
                "Leave the old AVMA key in, and see that the guest is activated.",
                f"...{old}",
                f"CIM: PartialProductKey {old}, ProductKeyChannel VT:IA, LicenseStatus 1",
            ),
            SwapStep(
                "during",
                f"Upgrade with: setup.exe /auto upgrade /pkey {self.interim.key}",
                self.interim.key,
                f"CIM: build of Windows Server {self.release}, PartialProductKey {gvlk_tail}, "
                "ProductKeyChannel Volume:GVLK",
            ),
            SwapStep(
                "after",
                f"Run: cscript //nologo %windir%\\System32\\slmgr.vbs /ipk {self.after.key}, then /ato",
                self.after.key,
                f"CIM: PartialProductKey {tail}, ProductKeyChannel VT:IA, LicenseStatus 1, GracePeriodRemaining 1 to "
                "10080; event 12309 with hr=0x0",
            ),
        )


def key_swap(desk: Desk, case: GuestCase) -> KeySwap | None:
    """The swap that guest needs; None where its key stays, or none is published for what it becomes."""
    licence, after = case.licence, desk.after(case)
    if licence is None or method_of(licence) != "avma" or not desk.upgrades(case) or after.key is None:
        return None
    interim = gvlk(desk.aim.release, after.key.edition)
    before = licence.partial_product_key or "?"
    if interim is None or before == after.key.last5:
        return None
    return KeySwap(desk.aim.release, before, interim, after.key)
