"""The rules by which witnesses make a verdict, as a table: the first row that fits decides.

CIM is the authority; slmgr /dlv corroborates or contradicts it, since both speak of the present. Events speak of a
moment: a failed renewal does not end a running lease, and a success last week does not prove one. KVP is hearsay that
the guest's administrator can rewrite: it has no column.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.model import Testimony, Verdict, WitnessName
from harness.core.verdict._testimony import Stance, Statement

__all__ = ["RULES", "Rule", "decide", "testimonies"]

_ANY = frozenset(Stance)
_NO = frozenset({Stance.NOT_ACTIVATED})
_YES = frozenset({Stance.ACTIVATED})
_OTHER = frozenset({Stance.OTHER_METHOD})
_EVALUATION = frozenset({Stance.EVALUATION})


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. ``code`` is the cause that stands first, "" where other causes are looked for."""

    cim: frozenset[Stance]
    dlv: frozenset[Stance]
    guest_event: frozenset[Stance]
    verdict: Verdict
    code: str
    why: str


RULES: tuple[Rule, ...] = (
    Rule(
        frozenset({Stance.SILENT}),
        _ANY,
        _ANY,
        Verdict.UNKNOWN,
        "authority_silent",
        "without the authority nothing is proven, whatever the others say",
    ),
    Rule(
        frozenset({Stance.DOUBTFUL}),
        _ANY,
        _ANY,
        Verdict.UNKNOWN,
        "lease_implausible",
        "an activation with an impossible lease is no proof, and no proof of the contrary",
    ),
    Rule(
        _YES,
        _NO | _OTHER | _EVALUATION,
        _ANY,
        Verdict.UNKNOWN,
        "witnesses_disagree",
        "two readings of the same licence contradict each other",
    ),
    Rule(_YES, _ANY, _ANY, Verdict.ACTIVATED, "", "the authority says so and nobody contradicts"),
    Rule(
        _NO | _OTHER | _EVALUATION,
        _YES,
        _ANY,
        Verdict.UNKNOWN,
        "witnesses_disagree",
        "two readings of the same licence contradict each other",
    ),
    Rule(
        _NO,
        _ANY,
        frozenset({Stance.JUST_NOW}),
        Verdict.UNKNOWN,
        "state_in_flux",
        "the licence was granted a moment ago and may not show yet",
    ),
    Rule(_OTHER, _ANY, _ANY, Verdict.NOT_APPLICABLE, "other_method", "the guest is licensed without AVMA"),
    Rule(
        _EVALUATION,
        _ANY,
        _ANY,
        Verdict.NOT_ACTIVATED,
        "",
        "an evaluation edition takes no AVMA key, licensed as it may be",
    ),
    Rule(_NO, _ANY, _ANY, Verdict.NOT_ACTIVATED, "", "the authority says so and nobody contradicts"),
)
"""Every pair of stances that CIM and /dlv can take has a row; a test walks through all of them."""


def decide(said: Mapping[WitnessName, Statement]) -> Rule:
    """The first row that fits what the witnesses said."""
    cim, dlv = said[WitnessName.CIM].stance, said[WitnessName.SLMGR_DLV].stance
    event = said[WitnessName.GUEST_EVENT].stance
    return next(rule for rule in RULES if cim in rule.cim and dlv in rule.dlv and event in rule.guest_event)


_AGREES: Mapping[Verdict, Mapping[Stance, bool]] = {
    Verdict.ACTIVATED: {
        Stance.ACTIVATED: True,
        Stance.SUCCESS: True,
        Stance.JUST_NOW: True,
        Stance.NOT_ACTIVATED: False,
    },
    Verdict.NOT_ACTIVATED: {
        Stance.NOT_ACTIVATED: True,
        Stance.EVALUATION: True,
        Stance.FAILURE: True,
        Stance.ACTIVATED: False,
    },
    Verdict.NOT_APPLICABLE: {Stance.OTHER_METHOD: True, Stance.ACTIVATED: False},
    Verdict.UNKNOWN: {},
}


def testimonies(said: Mapping[WitnessName, Statement], verdict: Verdict, code: str) -> tuple[Testimony, ...]:
    """All five with their word and whether it agrees with the verdict; past and silent ones say nothing either way."""
    table = _AGREES[verdict]
    contradicted = {WitnessName.SLMGR_DLV} if code == "witnesses_disagree" else set()
    return tuple(
        Testimony(name, statement.says, False if name in contradicted else table.get(statement.stance))
        for name, statement in said.items()
    )
