"""What reading a host proves of a key that was sent, or may have been. Pure; rule 1 of the house in one place.

A lost client does not cancel its command, so a state that is as before proves a failure only once a settle time has
passed since the key was last sent (Microsoft Learn, about_Remote_Disconnected_Sessions, 2026-11).
"""

from dataclasses import dataclass
from enum import StrEnum

from harness.core.model import HostActivation

__all__ = ["KeySight", "Proof", "prove"]


class Proof(StrEnum):
    """What a reading proves: the key is in force, it did not take, or nothing."""

    TOOK = "took"
    FAILED = "failed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class KeySight:
    """As much of Get-VMAutomaticActivation's answer as bears on a key: see HostActivation."""

    configured: bool | None = None
    last5: str | None = None

    @classmethod
    def of(cls, activation: HostActivation | None) -> "KeySight":
        """The sight of an answer; of none at all, nothing is known."""
        return cls(activation.configured, activation.last5) if activation is not None else cls()

    @property
    def is_certain(self) -> bool:
        """Whether it tells without doubt which key is in force, or that none is."""
        return self.configured is False or (self.configured is True and self.last5 is not None)


def prove(before: KeySight, after: KeySight, tail: str, *, over: bool) -> Proof:
    """What two readings prove of the key ...``tail``.

    Args:
        before: the host as it was read before the key was sent.
        after: the host now.
        tail: the last five characters of the key.
        over: whether the command is over: it answered, or its settle time has passed.

    Returns:
        TOOK where the tail shows, or a host that certainly had no key has one; FAILED where both readings are certain,
        say the same, and the command is over.

    Example:
        >>> prove(KeySight(False), KeySight(True, "78VHK"), "78VHK", over=False)
        <Proof.TOOK: 'took'>
    """
    if after.configured is True and after.last5 == tail:
        return Proof.TOOK
    if after.configured is True and after.last5 is None and before.configured is False:
        return Proof.TOOK
    if over and before.is_certain and before == after:
        return Proof.FAILED
    return Proof.NOTHING
