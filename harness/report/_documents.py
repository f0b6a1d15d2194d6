"""The JSON documents of the command (contracts: `avma schema NAME`)."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from harness.core.model import ActionResult, FabricVerdict, Plan
from harness.engine import RunRecord

__all__ = ["apply_document", "facts_document", "plain", "plan_document", "run_document", "verify_document"]


def plain(value: object) -> object:
    """Records, enums, times and tuples as JSON-ready values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def facts_document(record: RunRecord) -> dict[str, object]:
    """avma/facts/1: every lane's facts, or why it has none."""
    facts = record.facts
    return {
        "schema": "avma/facts/1",
        "run_id": record.run_id,
        "hosts": plain(facts.hosts) if facts else [],
        "guests": plain(facts.guests) if facts else [],
    }


def plan_document(plan: Plan) -> dict[str, object]:
    """avma/plan/1: also what `avma apply FILE` takes back."""
    document = plain(plan)
    assert isinstance(document, dict)
    return {"schema": "avma/plan/1", **document}


def apply_document(record: RunRecord) -> dict[str, object]:
    """avma/apply/1: each action's outcome and the verification that followed."""
    results = [_result(result) for result in record.results]
    states = [str(result.state) for result in record.results]
    return {
        "schema": "avma/apply/1",
        "run_id": record.run_id,
        "results": results,
        "blocked": plain(record.plan.blocked) if record.plan else [],
        "settled": plain(record.settled),
        "verify": verify_document(record),
        "summary": {"actions": len(results), **{state: states.count(state) for state in sorted(set(states))}},
    }


def verify_document(record: RunRecord) -> dict[str, object]:
    """avma/verify/1: hosts and guests with verdicts, reasons and witnesses."""
    verdict = record.verdict or FabricVerdict((), ())
    counts = [str(guest.verdict) for guest in verdict.guests]
    return {
        "schema": "avma/verify/1",
        "run_id": record.run_id,
        "hosts": plain(verdict.hosts),
        "guests": plain(verdict.guests),
        "clusters": plain(record.clusters),
        "moves": plain(record.moves),
        "unreachable": _unreachable(record),
        "summary": {
            "hosts": len(verdict.hosts),
            "hosts_ready": sum(host.avma_ready is True for host in verdict.hosts),
            "guests": len(counts),
            **{name: counts.count(name) for name in ("activated", "not_activated", "not_applicable", "unknown")},
        },
    }


def run_document(record: RunRecord) -> dict[str, object]:
    """avma/run/1: the whole record, as the store keeps it."""
    document = plain(record)
    assert isinstance(document, dict)
    return {"schema": "avma/run/1", **document}


def _result(result: ActionResult) -> dict[str, object]:
    action = result.action
    return {
        "action_id": action.id,
        "target": action.target,
        "host": action.host,
        "vm_id": action.vm_id,
        "step": str(action.step),
        "state": str(result.state),
        "message": result.message,
        "code": result.code,
        "next_step": result.next_step,
        "evidence": list(result.evidence),
    }


def _unreachable(record: RunRecord) -> list[object]:
    facts = record.facts
    if facts is None:
        return []
    lanes = [(lane.name, lane.failure) for lane in facts.hosts]
    lanes += [(lane.vm.name, lane.failure) for lane in facts.guests]
    return [{"target": name, **_mapping(plain(failure))} for name, failure in lanes if failure is not None]


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
