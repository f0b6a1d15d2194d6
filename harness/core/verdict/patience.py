"""Which guests are worth waiting for: those that time, or somebody at work just now, may still activate."""

from harness.core.model import GuestVerdict, Verdict

__all__ = ["LASTING", "lasting_cause", "may_still_come"]

LASTING = frozenset(
    {
        "evaluation_edition",
        "guest_kind_unknown",
        "guest_not_running",
        "guest_off",
        "host_before_avma",
        "host_evaluation",
        "host_key_too_old",
        "host_not_windows_server",
        "host_too_old",
        "host_wrong_edition",
        "hyperv_missing",
        "no_access",
        "no_avma_key_published",
        "not_a_windows_server_guest",
        "other_method",
        "machine_unproven",
        "wrong_machine",
    }
)
"""Causes that neither time nor a key removes: another edition, another host, another way in would be needed."""


def lasting_cause(guest: GuestVerdict) -> str | None:
    """The sentence of what keeps this guest from being activated for good; None where nothing does."""
    if guest.verdict is Verdict.NOT_APPLICABLE:
        return guest.reasons[0].message if guest.reasons else "AVMA is not for it."
    if guest.verdict is Verdict.ACTIVATED:
        return None
    return next((reason.message for reason in guest.reasons if reason.code in LASTING), None)


def may_still_come(guest: GuestVerdict) -> bool:
    """Whether the guest is not activated, or unknown, and nothing lasting is in its way."""
    return guest.verdict in {Verdict.NOT_ACTIVATED, Verdict.UNKNOWN} and lasting_cause(guest) is None
