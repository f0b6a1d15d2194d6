"""One PSRP pipeline in a shell: from its first fragment to its last state."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from harness.sim.machine import Machine, Session, TerminatingError
from harness.sim.objects import ErrorRecord, ProgressRecord
from harness.sim.psrp import Created, HostAnswer, PipelineState, PipelineStreams
from harness.sim.wsman._outbox import Outbox

__all__ = ["Pipeline"]

_FIRST_USE = ProgressRecord("Preparing modules for first use.", "Completed")
_STOPPED = ErrorRecord(
    "The pipeline has been stopped.",
    "PipelineStopped",
    category=14,
    exception_types=(
        "System.Management.Automation.PipelineStoppedException",
        "System.Management.Automation.RuntimeException",
        "System.SystemException",
    ),
)
_log = logging.getLogger(__name__)


class Pipeline:
    """Waits for its message and its input, runs, and puts what it says into its outbox.

    Args:
        command_id: as the transport names it.
        outbox: where its fragments wait.
    """

    def __init__(self, command_id: str, outbox: Outbox) -> None:
        self.command_id = command_id
        self.outbox = outbox
        self._input: list[object] = []
        self._streams: PipelineStreams | None = None
        self._created: Created | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def created(self) -> bool:
        """Whether its message has arrived."""
        return self._created is not None

    def accept(self, created: Created, streams: PipelineStreams) -> None:
        """Its message has arrived."""
        self._created = created
        self._streams = streams

    def add_input(self, value: object) -> None:
        """One input object."""
        self._input.append(value)

    def answered(self, answer: HostAnswer) -> None:
        """The client's host has answered."""
        if self._streams is not None:
            self._streams.answered(answer)

    def start(self, machine: Machine, session: Session, ended: Callable[[], None], *, first_use: bool) -> None:
        """Run it as a task; ``ended`` is called when it is over, however that came."""
        if self._task is None and self._created is not None and self._streams is not None:
            run = self._run(machine, session, self._created, self._streams, first_use=first_use)
            self._task = asyncio.create_task(run)
            self._task.add_done_callback(lambda _: self._over(ended))

    def stop(self) -> None:
        """Stop it; one that has not begun ends at once."""
        if self._task is not None:
            self._task.cancel()
        elif self._streams is not None:
            self._streams.state(PipelineState.STOPPED, _STOPPED)
            self.outbox.end()

    def _over(self, ended: Callable[[], None]) -> None:
        self.outbox.end()
        ended()

    async def _run(
        self, machine: Machine, session: Session, created: Created, streams: PipelineStreams, *, first_use: bool
    ) -> None:
        try:
            if first_use:
                streams.progress(_FIRST_USE)
            invocation = replace(created.invocation, input=tuple(self._input))
            await machine.invoke(session, invocation, streams)
            streams.state(PipelineState.COMPLETED)
        except TerminatingError as error:
            streams.state(PipelineState.FAILED, error.record)
        except asyncio.CancelledError:
            streams.state(PipelineState.STOPPED, _STOPPED)
        except Exception as error:  # noqa: BLE001 - see below
            # a defect of the lab itself must reach the client's screen instead of leaving it polling
            _log.exception("the machine %s failed to run a pipeline", machine.name)
            text = f"The simulated machine failed: {type(error).__name__}: {error}"
            streams.state(PipelineState.FAILED, ErrorRecord(text, "SimulatedLabDefect"))
