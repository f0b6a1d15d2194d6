"""A lab as one test job uses it: what it offers, who holds its hosts, which of them are out of order."""

import getpass
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.model import Playbook
from harness.core.redaction import Redactor
from harness.engine._clock import Clock, SystemClock
from harness.engine._context import RunContext
from harness.engine._hold import HostHold, holder_of, longest_operation
from harness.engine._run import Run
from harness.engine._sessions import Openers, SessionBook
from harness.engine._transcript import transcribing
from harness.engine.events import EventStream, Subscriber
from harness.engine.trials._simulated import SimulatedLab
from harness.engine.trials._survey import Survey, Target, survey_of
from harness.lab import Resolver, Settings, load_inventory
from harness.store import Store, open_store

__all__ = ["Lab"]


class Lab:
    """The lab of one test job, or of one worker of it.

    Args:
        inventory: path of its inventory.
        store: SQLite file or URL; jobs that share a lab share its store, since the leases are kept there.
        job: what this job is called in the leases.
        wait: how long to wait for hosts that another job holds, in seconds.
        survey: what another process of the same job has found; else the lab is asked at first use.
        simulated: the lab itself, where it is a simulated one of this process.
        clock: time.

    Raises:
        InputError: the inventory is wrong, or the store cannot be opened.
    """

    def __init__(
        self,
        inventory: str,
        *,
        store: str,
        job: str,
        wait: float,
        survey: Survey | None = None,
        simulated: SimulatedLab | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.redactor = Redactor()
        self.path = inventory
        self.simulated = simulated
        self.quarantine: dict[str, str] = {}
        self._inventory = survey.inventory if survey is not None else load_inventory(inventory)
        self._survey = survey
        self._settings = Settings()
        self._resolver = Resolver(register=self.redactor.register)
        self._clock = clock or SystemClock()
        self._job = job
        self._wait = wait
        self._group: str | None = None
        self._url = store
        self._worlds = 0
        self.store, self.hold = self._open()

    def __repr__(self) -> str:
        return f"<Lab {self.path} hosts={len(self._inventory.hosts)} quarantine={sorted(self.quarantine)}>"

    @property
    def survey(self) -> Survey:
        """What the lab has to offer. Asked once, and reading only."""
        if self._survey is None:
            with self.run("pytest: survey", tuple(self._inventory.hosts), holding=False) as run:
                verdict = run.verify()
            assert run.record.facts is not None
            self._inventory = run.context.inventory
            self._survey = survey_of(run.record.facts, verdict, self._inventory)
            for host, cause in self._survey.silent.items():
                self.quarantine[host] = f"{cause} (when the lab was surveyed)"
        return self._survey

    @contextmanager
    def run(
        self,
        command: str,
        hosts: tuple[str, ...],
        *,
        guests: frozenset[str] | None = None,
        playbook: Playbook | None = None,
        subscriber: Subscriber | None = None,
        transcript: Callable[[str], None] | None = None,
        holding: bool = True,
    ) -> Iterator[Run]:
        """One run on this lab. With ``holding`` it takes the leases of its hosts and changes nothing without them."""
        stream = EventStream(self.redactor.redact)
        if subscriber is not None:
            stream.subscribe(subscriber)
        openers = Openers()
        if transcript is not None:
            openers = transcribing(openers, transcript, self._clock)
        context = RunContext(
            run_id=f"{self._clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            person=getpass.getuser(),
            inventory=self._inventory,
            sessions=SessionBook(self._inventory, self._resolver.resolve, openers),
            store=self.store,
            stream=stream,
            clock=self._clock,
            forks=self._settings.forks,
            settle_seconds=self._settings.settle_seconds,
            hold=self.hold if holding else None,
            redact=self.redactor.redact,
        )
        with Run(context, command=command, hosts=hosts, playbook=playbook, guests=guests) as run:
            yield run

    def prepare(self, target: Target) -> None:
        """Before a test: hosts of another group are given back, and a simulated lab is as its topology describes it.

        Giving back first means that no job waits for hosts while it keeps others waiting.
        """
        if self.simulated is not None:
            self.release()
            self.store.close()
            self.simulated.control.reset()
            self.store, self.hold = self._open()  # the keys that the last test spent were never spent in this world
        elif self._group != target.group or not self.hold.is_ours():
            self.release()
        self._group = target.group

    def barred(self, target: Target) -> str | None:
        """Why a test on that target cannot be run: the first of its hosts that is out of order, and since when."""
        return next(
            (f"{host} is quarantined: {self.quarantine[host]}" for host in target.held if host in self.quarantine), None
        )

    def release(self) -> None:
        """Give back all hosts."""
        self.hold.release()
        self._group = None

    def close(self) -> None:
        """End with this lab. A simulated one ends as well."""
        self.release()
        self.store.close()
        if self.simulated is not None:
            self.simulated.close()

    def _open(self) -> tuple[Store, HostHold]:
        """The store, and the hold whose leases are in it. Each world of a simulated lab has a store of its own."""
        self._worlds += 1
        url = self._url if self.simulated is None else str(Path(self._url).with_suffix(f".{self._worlds}.db"))
        store = open_store(url, self.redactor.redact)
        return store, HostHold(
            store.leases,
            holder_of(f"pytest-{secrets.token_hex(4)}", self._job),
            clock=self._clock,
            operation_seconds=longest_operation(self._inventory, self._inventory.hosts),
            wait=self._wait,
        )
