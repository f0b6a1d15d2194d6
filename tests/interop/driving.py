"""A client's driver against the lab, and what came of it."""

import json
import os
import subprocess
from dataclasses import asdict, dataclass

from tests.interop.clients import Client, Way
from tests.interop.exercises import EXERCISES
from tests.interop.interop_lab import ForeignLab

__all__ = ["Outcome", "drive"]

_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Outcome:
    """One exercise of one client over one way in; ``problem`` is empty when it went well."""

    client: str
    way: Way
    exercise: str
    problem: str


def drive(client: Client, way: Way, lab: ForeignLab) -> list[Outcome]:
    """Let a client do all its exercises. Afterwards no shell may be left, and the lab has no say in the answers."""
    names = [name for name in client.exercises if not (name == "wrong password" and way.tickets)]
    found = _answers(client, way, lab, [name for name in names if name != "wrong password"])
    if "wrong password" in names:
        shells = lab.shells()
        found |= _answers(client, way, lab, ["wrong password"])
        if lab.shells() != shells:
            found["wrong password"] = {"said": "a shell was opened"}
    problems = {name: EXERCISES[name].problem(*_both(found.get(name))) for name in names}
    left = lab.left_over()
    if left:
        problems[names[-1]] += f" {left} shells were left open"
    return [Outcome(client.name, way, name, problem) for name, problem in problems.items()]


def _both(answer: dict[str, str] | None) -> tuple[str | None, str | None]:
    if answer is None:
        return None, "the driver ended without an answer"
    return answer.get("said"), answer.get("raised")


def _answers(client: Client, way: Way, lab: ForeignLab, names: list[str]) -> dict[str, dict[str, str]]:
    job = asdict(lab.endpoint) | {"auth": way.auth, "secure": way.secure, "exercises": names}
    environment = {**os.environ, **lab.endpoint.environment, "NODE_EXTRA_CA_CERTS": lab.endpoint.ca}
    if way.tickets:
        environment["KRB5CCNAME"] = f"FILE:{lab.endpoint.cache}"
    done = subprocess.run(
        [str(word) for word in client.command],
        input=json.dumps(job | {"connection": client.connection}),
        # No proxy of the environment stands between a client and the loopback.
        env=environment | {"NO_PROXY": "*", "no_proxy": "*"},
        cwd=client.folder,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    answers = {one.pop("exercise"): one for one in map(json.loads, done.stdout.splitlines())}
    for name in names:
        answers.setdefault(name, {"raised": f"the driver ended: {done.stderr[-2000:]}"})
    return answers
