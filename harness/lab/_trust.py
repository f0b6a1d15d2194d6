"""Trust is on unless somebody signed for less: schemes, authentication, waivers, and what a credential must hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from harness.core.model import Auth, Place
from harness.lab._document import Document
from harness.lab._problems import Problem
from harness.lab._walk import DataPath, entries, found_at, machines

__all__ = ["trust_problems"]

_NEEDS_CREDENTIAL = ("ntlm", "basic", "certificate", "credssp")
"""The others can do without: the Kerberos ticket of whoever runs the command serves."""


@dataclass(frozen=True, slots=True)
class _Reach:
    """How one machine is reached: what its entry says, and what the defaults say where it is silent."""

    path: DataPath
    own: Mapping[str, object]
    shared: Mapping[str, object]

    def value(self, key: str, default: object = None) -> object:
        for source in (self.own, self.shared):
            if source.get(key) is not None:
                return source[key]
        return default

    def where(self, key: str) -> DataPath:
        """Where the value in force was written; the entry itself where nobody wrote one."""
        if self.own.get(key) is not None:
            return (*self.path, key)
        return ("defaults", key) if self.shared.get(key) is not None else self.path


def trust_problems(document: Document, today: date) -> Iterator[Problem]:
    """What lowers trust without a written, running waiver, and credentials that cannot serve."""
    told: set[tuple[Place, str]] = set()
    for reach in _reaches(document.data):
        for problem in _reach_problems(document, reach, today):
            if (problem.place, problem.code) not in told:  # several machines may share one line of the defaults
                told.add((problem.place, problem.code))
                yield problem
    yield from _same_address(document)
    for path, rule in found_at(document.data, ("guest_access", "*")):
        if isinstance(rule, dict) and rule.get("via") == "direct" and rule.get("credential") is None:
            message = "PowerShell Direct needs a credential for the guest."
            yield Problem(document.place(path), "missing_key", message, "Add `credential`.")


def _reaches(data: Mapping[str, object]) -> Iterator[_Reach]:
    defaults = data.get("defaults")
    shared = defaults if isinstance(defaults, dict) else {}
    for path, entry in machines(data):
        yield _Reach(path, entry, shared)
    inside = {key: value for key, value in shared.items() if key != "credential"}
    for path, rule in found_at(data, ("guest_access", "*")):
        if isinstance(rule, dict) and rule.get("via") == "winrm":
            yield _Reach(path, rule, inside)


def _reach_problems(document: Document, reach: _Reach, today: date) -> Iterator[Problem]:
    auth = reach.value("auth", "negotiate")
    if reach.value("scheme") == "http" and auth in ("basic", "certificate"):
        message = f"`auth: {auth}` over http would send what it must protect in the clear."
        advice = "Use `scheme: https`, or negotiate, which seals its messages."
        yield Problem(document.place(reach.where("auth")), f"{auth}_over_http", message, advice)
    if auth == "credssp":
        yield from _waiver(document, reach, "auth", "CredSSP hands the password to the machine", today)
    if reach.value("verify") is False:
        yield from _waiver(document, reach, "verify", "`verify: false` accepts any certificate", today)
    yield from _credential(document, reach, str(auth))


def _waiver(document: Document, reach: _Reach, key: str, what: str, today: date) -> Iterator[Problem]:
    waiver = reach.value("waiver")
    if not isinstance(waiver, dict):
        advice = "Write `waiver: {reason: ..., expires: 2027-01-31}` next to it, or remove it."
        yield Problem(document.place(reach.where(key)), "waiver_missing", f"{what} and needs a waiver.", advice)
        return
    try:
        expires = date.fromisoformat(str(waiver.get("expires")))
    except ValueError:
        return  # the waiver itself is wrong, and told so
    if expires < today:
        place = document.place((*reach.where("waiver"), "expires"))
        yield Problem(
            place, "waiver_expired", f"This waiver ended; {what}.", "Renew it with its reason, or remove both."
        )


def _credential(document: Document, reach: _Reach, auth: str) -> Iterator[Problem]:
    if auth not in [*Auth]:
        return  # unknown, and told so
    name = reach.value("credential")
    if name is None:
        if auth in _NEEDS_CREDENTIAL:
            message = f"`auth: {auth}` needs a credential, and this machine has none."
            yield Problem(document.place(reach.path, key=True), "missing_key", message, "Add `credential`.")
        return
    credentials = {path[-1]: entry for path, entry in entries(document.data, "credentials")}
    found = credentials.get(str(name))
    if found is None:
        return  # dangling, and told so
    needed = ("certificate", "private_key") if auth == "certificate" else ("username", "password")
    if not any(found.get(key) is not None for key in needed):
        message = f"This credential has no {needed[0]}, which `auth: {auth}` needs."
        yield Problem(document.place(reach.where("credential")), "wrong_credential", message, "Name another one.")


def _same_address(document: Document) -> Iterator[Problem]:
    defaults = document.data.get("defaults")
    shared = defaults if isinstance(defaults, dict) else {}
    seen: dict[tuple[str, object], Place] = {}
    for path, entry in machines(document.data):
        reach = _Reach(path, entry, shared)
        port = reach.value("port", 5985 if reach.value("scheme") == "http" else 5986)
        written = entry.get("address")
        place = document.place((*path, "address")) if written else document.place(path, key=True)
        first = seen.setdefault((str(written or path[-1]).casefold(), port), place)
        if first is not place:
            message = f"This is the address and port of another entry, at {first}."
            yield Problem(place, "duplicate_address", message, "Two lanes must not drive one machine: remove one.")
