"""The record of a run as one JSON document: written at the end, read again by reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import InputError
from harness.core.model import ActionResult, ClusterCoverage, FabricFacts, FabricVerdict, Plan, Settlement
from harness.core.moves import MoveMatrix
from harness.core.preflight import Preflight

__all__ = ["RunRecord", "read_plan", "read_record", "write_plan", "write_record"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that a run learned, planned, did and concluded. ``started`` and ``finished`` are ISO 8601 UTC texts.

    ``evidence`` maps the path of each raw answer that the store keeps of this run to its SHA-256.
    """

    run_id: str
    command: str
    inventory: str
    person: str
    started: str
    finished: str | None = None
    playbook: str | None = None
    facts: FabricFacts | None = None
    plan: Plan | None = None
    results: tuple[ActionResult, ...] = ()
    settled: tuple[Settlement, ...] = ()
    verdict: FabricVerdict | None = None
    clusters: tuple[ClusterCoverage, ...] = ()
    moves: MoveMatrix | None = None
    preflight: Preflight | None = None
    notes: tuple[str, ...] = field(default=())
    evidence: Mapping[str, str] = field(default_factory=dict)
    schema: str = "avma/run/1"


_RECORD: TypeAdapter[RunRecord] = TypeAdapter(RunRecord)
_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)


def write_record(record: RunRecord) -> str:
    """The record as a JSON text."""
    return _RECORD.dump_json(record).decode()


def read_record(text: str) -> RunRecord:
    """The record back from its JSON text. Raises InputError where it is not one."""
    try:
        return _RECORD.validate_json(text)
    except ValidationError as error:
        raise InputError(
            f"This is not a run record: {error.error_count()} fields do not fit.", hint="Give the id of a run."
        ) from error


def write_plan(plan: Plan) -> str:
    """The plan as a JSON text."""
    return _PLAN.dump_json(plan).decode()


def read_plan(text: str) -> Plan:
    """A saved plan (the JSON that `avma plan --output json` printed). Raises InputError where it is not one."""
    try:
        return _PLAN.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"This is not a saved plan: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
            hint="Save one with `avma plan PLAYBOOK --output json > plan.json`.",
        ) from error
