"""The measurement: every client in turn against the same lab, again and again: what disturbs one disturbs all."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.floor import COLD_REQUESTS, OPEN_REQUESTS, Work, floor
from benchmarks.job import Job
from benchmarks.lab import LabProcess
from benchmarks.peer_ansible import run_ansible
from benchmarks.replay import Replay
from benchmarks.statements import as_calls, as_scripts, shared_questions
from benchmarks.worker import ROOT, Json, Worker
from harness.windows.question import Question

__all__ = ["Effort", "Plan", "Result", "Shares", "measure", "measure_shares"]

Say = Callable[[str], None]
_OURS = ("first", "cold", "open")
_FEW = 2
_REPLAYS = 5
"""How often one host's answer time is looked at before each turn of the clients."""


@dataclass(frozen=True, slots=True)
class Effort:
    """For so many hosts: how often each client is measured; the slower ones less often."""

    hosts: int
    ours: int
    pypsrp: int
    ansible: int

    def turns(self, client: str) -> int:
        """How often that client is measured."""
        return {"pypsrp": self.pypsrp, "ansible": self.ansible}.get(client.partition(" ")[0], self.ours)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    ``peers``: the virtual environment of requirements/bench.txt; ``vms`` per host; ``latencies`` in seconds added to
    each request; ``forks``: hosts asked at a time, by all clients.
    """

    peers: Path
    efforts: tuple[Effort, ...] = (Effort(1, 15, 9, 3), Effort(10, 7, 3, 2), Effort(100, 3, 1, 1))
    vms: int = 20
    latencies: tuple[float, ...] = (0.0, 0.02)
    forks: int = 16


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario: medians by client, in seconds, and requests per host.

    Clients: ``first``, ``cold``, ``open`` (ours); ``pypsrp cold``, ``pypsrp open``; ``ansible``, ``ansible one``.
    """

    hosts: int
    latency: float
    seconds: Mapping[str, float]
    requests: Mapping[str, float]
    cold_work: Work
    open_work: Work
    forks: int

    def over_floor(self, client: str) -> float:
        """How many times the protocol's floor a client needs."""
        requests, work = COLD_REQUESTS, self.cold_work
        if client.endswith("open"):
            requests, work = OPEN_REQUESTS, self.open_work
        return self.seconds[client] / floor(requests, self.latency, work, hosts=self.hosts, forks=self.forks)

    def over(self, client: str, ours: str) -> float | None:
        """How many times as long a client needs as ours does; None where it was not measured."""
        return self.seconds[client] / self.seconds[ours] if client in self.seconds else None


@dataclass(frozen=True, slots=True)
class Shares:
    """Where our client's CPU time goes, by layer, and which part of the time that passes it is."""

    shares: Mapping[str, float]
    samples: int
    busy: float


@dataclass(slots=True)
class _Bench:
    """A lab with its clients, ready to run."""

    lab: LabProcess
    job: Job
    vms: int
    clients: dict[str, Callable[[], Json]]
    replay: Replay
    seconds: dict[str, list[float]] = field(default_factory=dict)
    requests: dict[str, list[float]] = field(default_factory=dict)
    cold: list[Work] = field(default_factory=list)
    open: list[Work] = field(default_factory=list)

    def run(self, client: str) -> None:
        """One measurement, checked and written down."""
        hosts = len(self.job.endpoints)
        self.lab.reset()
        found = self.clients[client]()
        if found["hosts"] != hosts or found.get("vms", hosts * self.vms) != hosts * self.vms:
            raise RuntimeError(f"{client} did not fetch everything: {found}")
        self.seconds.setdefault(client, []).append(found["seconds"])
        self.requests.setdefault(client, []).append(self.lab.requests() / hosts)

    def run_floor(self, latency: float) -> None:
        """What the floor rests on, at no latency; the lab has ``latency`` again afterwards."""
        self.lab.latency(0.0)
        for _ in range(_REPLAYS):
            self.cold.append(self.replay.cold())
            self.open.append(self.replay.open())
        self.lab.latency(latency)

    def result(self, latency: float) -> Result:
        """The medians of what was written down since the last one."""
        hosts = len(self.job.endpoints)
        result = Result(
            hosts,
            latency,
            {client: median(found) for client, found in self.seconds.items()},
            {client: median(found) for client, found in self.requests.items()},
            _median(self.cold),
            _median(self.open),
            min(hosts, self.job.forks),
        )
        for kept in (self.seconds, self.requests, self.cold, self.open):
            kept.clear()
        return result


def measure(plan: Plan, say: Say) -> Iterator[Result]:
    """All scenarios of a plan; ``say`` is told what is going on."""
    for effort in plan.efforts:
        with _bench(plan, effort.hosts) as bench:
            for latency in plan.latencies:
                bench.lab.latency(latency)
                yield _scenario(bench, effort, latency, say)


def measure_shares(plan: Plan, *, rounds: int) -> Shares:
    """Where the CPU time of our client goes: one host, open session, no latency."""
    with LabProcess(1, plan.vms) as lab, _ours(lab.document(), plan.forks) as ours:
        ours.ask(mode="begin")
        return Shares(**ours.ask(mode="shares", rounds=rounds))


def _scenario(bench: _Bench, effort: Effort, latency: float, say: Say) -> Result:
    for turn in range(max(map(effort.turns, bench.clients))):
        bench.run_floor(latency)
        for client in bench.clients:
            if turn < effort.turns(client):
                say(f"{effort.hosts} hosts, {latency * 1000:g} ms, turn {turn + 1}: {client}")
                bench.run(client)
    return bench.result(latency)


def _median(works: Sequence[Work]) -> Work:
    return Work(median(work.seconds for work in works), median(work.cpu for work in works))


@contextmanager
def _bench(plan: Plan, hosts: int) -> Iterator[_Bench]:
    """A lab of so many hosts and all clients of the plan; that they ask the same things has been seen."""
    with ExitStack() as stack:
        lab = stack.enter_context(LabProcess(hosts, plan.vms))
        document = lab.document()
        job = Job.of(document, plan.forks)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="avma-bench-")))
        ours = stack.enter_context(_ours(document, plan.forks))
        questions = shared_questions(ours.ask(mode="first")["answered"])
        path = job.write(
            directory / "job.json",
            questions=as_calls(questions),
            vms_at=next(place for place, question in enumerate(questions) if question.name == "vms"),
        )
        pypsrp = stack.enter_context(
            Worker([plan.peers / "bin" / "python", ROOT / "benchmarks" / "peer_pypsrp.py", path])
        )
        for worker in (ours, pypsrp):
            worker.ask(mode="begin")
        clients = _clients(plan, job, questions, ours, pypsrp)
        # At many hosts the others would take as long to be looked at as to be measured.
        looked_at = clients if hosts <= _FEW else {name: clients[name] for name in _OURS}
        _refuse_unlike_questions(lab, looked_at)
        yield _Bench(lab, job, plan.vms, clients, Replay(lab, job))


def _ours(document: Json, forks: int) -> Worker:
    return Worker([sys.executable, "-m", "benchmarks.ours", document["inventory"], str(forks)])


def _clients(
    plan: Plan, job: Job, questions: Sequence[Question], ours: Worker, pypsrp: Worker
) -> dict[str, Callable[[], Json]]:
    scripts = as_scripts(questions)
    clients = {
        "first": lambda: ours.ask(mode="first"),
        "cold": lambda: ours.ask(mode="cold"),
        "open": lambda: ours.ask(mode="open"),
        "pypsrp cold": lambda: pypsrp.ask(mode="cold"),
        "pypsrp open": lambda: pypsrp.ask(mode="open"),
    }
    if (plan.peers / "bin" / "ansible-playbook").exists():
        clients["ansible"] = lambda: run_ansible(job, plan.peers, scripts)
        clients["ansible one"] = lambda: run_ansible(job, plan.peers, ["\n".join(scripts)])
    return clients


def _refuse_unlike_questions(lab: LabProcess, clients: Mapping[str, Callable[[], Json]]) -> None:
    """Let each client run once, which also warms it, and compare what the lab was asked to run."""
    asked: dict[str, dict[str, int]] = {}
    for client, run in clients.items():
        if client == "first":
            continue  # it asks for commands and modules beside
        before = lab.commands()
        run()
        after = lab.commands()
        counts = {name: count - before.get(name, 0) for name, count in after.items() if name.startswith("Get-")}
        asked[client] = {name: count for name, count in counts.items() if count}
    wanted = asked["cold"]
    unlike = {client: counts for client, counts in asked.items() if counts != wanted}
    if unlike:
        raise RuntimeError(f"not all clients ask the same: ours {wanted}, {unlike}")
