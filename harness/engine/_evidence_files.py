"""Evidence as files: one JSON document for each host and each guest of a verdict, in one canonical form."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from harness.core.masking import masked
from harness.core.model import GuestLane, GuestVerdict, HostLane, HostVerdict, PartState
from harness.engine._evidence import EvidenceBook
from harness.engine._record import RunRecord
from harness.store import digest

__all__ = ["evidence_documents"]

_OF_GUEST = {
    "cim": "licences",
    "operating_system": "os",
    "slmgr_dlv": "dlv",
    "guest_event_12309": "events",
    "guest_parameters": "parameters",
}
"""The witnesses' names, and the questions that heard them."""
_OF_HOST = {"host_event_12310": "events", "host_activation": "(other)"}
_BY_VM = ("vms", "services", "kvp")
"""What a host says of each of its VMs goes into the guest's document, not into the host's."""
_GUEST: TypeAdapter[GuestVerdict] = TypeAdapter(GuestVerdict)
_HOST: TypeAdapter[HostVerdict] = TypeAdapter(HostVerdict)
_STATES: TypeAdapter[Mapping[str, PartState]] = TypeAdapter(Mapping[str, PartState])


def evidence_documents(record: RunRecord, book: EvidenceBook, redact: Callable[[str], str]) -> dict[str, bytes]:
    """Documents by path, hosts first; empty for a run without a verdict.

    Each guest's document names the hash of its host's, which holds the host's events, licence and activation.
    """
    facts, verdict = record.facts, record.verdict
    if facts is None or verdict is None:
        return {}
    documents: dict[str, bytes] = {}
    hosts = {lane.name: lane for lane in facts.hosts}
    for host in verdict.hosts:
        document = _host(record, host, hosts.get(host.name), book.host(host.name))
        documents[_path("hosts", host.name)] = _written(document, redact)
    guests = {lane.vm.vm_id: lane for lane in facts.guests}
    for guest in verdict.guests:
        document = _guest(record, guest, guests.get(guest.vm_id), book)
        of_host = documents.get(_path("hosts", guest.host))
        document["host_evidence_sha256"] = digest(of_host) if of_host is not None else None
        documents[_path("guests", guest.vm_id)] = _written(document, redact)
    return documents


def _path(folder: str, name: str) -> str:
    return f"{folder}/{quote(name, safe=' ()')}.json"


def _written(document: Mapping[str, object], redact: Callable[[str], str]) -> bytes:
    return json.dumps(masked(document, redact), ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8")


def _host(
    record: RunRecord, verdict: HostVerdict, lane: HostLane | None, answers: Mapping[str, object]
) -> dict[str, object]:
    facts = lane.facts if lane else None
    failure = lane.failure if lane else None
    return {
        "schema": "avma/evidence/1",
        "run_id": record.run_id,
        "host": verdict.name,
        "verdict": _HOST.dump_python(verdict, mode="json"),
        "gathered_at": facts.gathered_at.isoformat() if facts else None,
        "failure": f"{failure.code}: {failure.message}" if failure else None,
        "states": _STATES.dump_python(facts.parts, mode="json") if facts else {},
        "answers": _renamed({name: answer for name, answer in answers.items() if name not in _BY_VM}, _OF_HOST),
    }


def _guest(record: RunRecord, verdict: GuestVerdict, lane: GuestLane | None, book: EvidenceBook) -> dict[str, object]:
    facts = lane.facts if lane else None
    failure = lane.failure if lane else None
    return {
        "schema": "avma/evidence/1",
        "run_id": record.run_id,
        "guest": verdict.name,
        "vm_id": verdict.vm_id,
        "host": verdict.host,
        "verdict": _GUEST.dump_python(verdict, mode="json"),
        "access": str(lane.access) if lane else None,
        "gathered_at": facts.gathered_at.isoformat() if facts else None,
        "failure": f"{failure.code}: {failure.message}" if failure else None,
        "states": _STATES.dump_python(facts.parts, mode="json") if facts else {},
        "answers": _renamed(book.guest(verdict.vm_id), _OF_GUEST),
        "said_by_host": {name: _of_vm(book.host(verdict.host), name, verdict.vm_id) for name in _BY_VM},
    }


def _renamed(answers: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """Answers under the witnesses' names where they have one."""
    known = {question: witness for witness, question in names.items()}
    return {known.get(question, question): answer for question, answer in answers.items()}


def _of_vm(answers: Mapping[str, object], question: str, vm_id: str) -> list[object]:
    """The rows of a question that are about that VM: its id stands in one of the three identifying properties."""
    answer: Any = answers.get(question)
    rows = answer["rows"] if isinstance(answer, Mapping) else []
    return [row for row in rows if any(vm_id in str(row.get(key)).casefold() for key in ("id", "vmid", "systemname"))]
