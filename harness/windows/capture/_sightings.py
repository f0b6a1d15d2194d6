"""What was found of one question."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Sighting", "agreed", "unseen"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """``choice`` is None where nothing conclusive was seen; ``seen`` says what was, or why nothing could be.

    ``evidence`` holds the raw answers it rests on, as JSON-ready values.
    """

    choice: str | None
    seen: str
    evidence: tuple[object, ...] = ()


def unseen(why: str, *evidence: object) -> Sighting:
    """No conclusion."""
    return Sighting(None, why, evidence)


def agreed(found: Iterable[tuple[str, str, object]], otherwise: str) -> Sighting:
    """One sighting out of several observations: a choice where all that tell anything tell the same.

    Args:
        found: choice, sentence and evidence of each observation.
        otherwise: what to say where there is none.
    """
    listed = list(found)
    if not listed:
        return unseen(otherwise)
    choices = {choice for choice, _, _ in listed}
    evidence = tuple(item for _, _, item in listed[:20])
    if len(choices) > 1:
        return Sighting(None, f"The observations differ: {', '.join(sorted(choices))}.", evidence)
    choice, seen, _ = listed[0]
    more = f" So say {len(listed)} observations." if len(listed) > 1 else ""
    return Sighting(choice, f"{seen}{more}", evidence)
