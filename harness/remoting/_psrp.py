"""The PowerShell session of one lane: opened late, kept for the run, rebuilt whole after any doubt."""

import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from pypsrp.powershell import PowerShell

from harness.core.errors import DeadlineError, InputError, QuotaError, Sent, TransportError
from harness.remoting._deadline import Clock, Deadline
from harness.remoting._failing import FAILURES, At, placed
from harness.remoting._pool import Pool, Stage
from harness.remoting._transport import Poster
from harness.remoting._values import holds_secret, wire_value
from harness.remoting.pipeline import Command, PipelineResult, Statement

__all__ = ["PsrpSession"]

_GRACE = 0.5
"""Seconds past the deadline in which the machine's own answer to it may still arrive."""
_FAREWELL = 1.0
"""Seconds for stopping what is late and deleting its shell."""
_CLOSING = 3.0


class PsrpSession:
    """A PowerShellSession over WinRM.

    Requests on an open session are two a pipeline, Command and Receive, however many statements it holds. pypsrp's own
    closing of a pipeline would be a third (Signal Terminate), so a pipeline is left finished and counted: it stays one
    of the 1000 commands that a shell may hold (MaxConcurrentCommandsPerSession), and the shell is deleted and made
    anew after ``pipelines_per_shell`` of them. That costs three requests and one (Create, Receive, Receive, Delete) in
    200 pipelines where Signals cost 200; `test_remoting_psrp.py` counts them.

    Args:
        transport: the way to the listener; closed with the session.
        target: the machine's name in the inventory.
        configuration: the session configuration.
        idle_seconds: the machine deletes a shell that nobody has spoken to for so long (at least 60).
        pipelines_per_shell: when to make the shell anew.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        transport: Poster,
        *,
        target: str,
        configuration: str = "Microsoft.PowerShell",
        idle_seconds: int = 600,
        pipelines_per_shell: int = 200,
        clock: Clock = time.monotonic,
    ) -> None:
        self.target = target
        self._transport = transport
        self._configuration = configuration
        self._idle_seconds = idle_seconds
        self._pipelines_per_shell = pipelines_per_shell
        self._clock = clock
        self._pool: Pool | None = None
        self._used = clock()

    def __repr__(self) -> str:
        state = "closed" if self._pool is None else f"open, {self._pool.pipelines} pipelines"
        return f"<PsrpSession {self.target} {self._transport.place} {state}>"

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        """Run statements as one pipeline within ``seconds``, opening the session first where it is not.

        Raises:
            InputError: a parameter cannot be sent; nothing was.
            TransportError: ``sent`` speaks of this pipeline: NO when it cannot have started, MAYBE when nobody knows,
                YES when it has started. Where it is not a mere refusal the next call makes a new session.
        """
        prepared = [_prepared(statement) for statement in statements]
        if not prepared:
            raise InputError("A pipeline needs at least one statement.", code="empty_pipeline", target=self.target)
        secret = any(_secret(command) for statement in statements for command in statement.commands)
        deadline = Deadline(seconds, self._clock)
        self._transport.allow(Deadline(seconds + _GRACE, self._clock))
        at, shell = At.OPENING, None
        try:
            pool = self._ready(deadline, secret=secret)
            at = At.SENDING
            shell = pool.begin(prepared, deadline)
            at = At.RECEIVING
            return pool.finish(shell, deadline)
        except FAILURES as error:
            failure = placed(error, at, self._transport.place, target=self.target, step=_step(statements))
            self._part(failure, shell)
            raise failure from (error if failure is not error else error.__cause__)
        except BaseException:  # interrupted in the middle of an exchange
            self._transport.close()
            if self._pool is not None:
                self._pool.worn = True
            raise
        finally:
            self._used = self._clock()

    def close(self) -> None:
        """Delete the shell and let go of the connection. Never raises for a machine that is gone."""
        self._delete(_CLOSING)
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self, deadline: Deadline, *, secret: bool) -> Pool:
        if self._pool is not None and (self._pool.worn or self._pool.pipelines >= self._pipelines_per_shell):
            self._delete(min(_FAREWELL, deadline.left / 2))
            self._transport.allow(Deadline(deadline.left + _GRACE, self._clock))
        if self._clock() - self._used > self._idle_seconds - 30:
            self._pool = None  # the machine has deleted it by now, or is about to
        if self._pool is None:
            self._pool = Pool(self._transport, self._configuration, self._idle_seconds)
            self._pool.open(deadline)
        if secret:
            self._pool.exchange_keys(deadline)
        if deadline.passed:  # what would not be waited for is not begun
            raise DeadlineError(f"The session was not open within {deadline.seconds:g} s.", sent=Sent.NO)
        return self._pool

    def _part(self, failure: TransportError, shell: PowerShell | None) -> None:
        """Give up the shell: orderly where the machine still listens, else it is left to its idle timeout.

        A pipeline that a lost connection leaves behind is not stopped: what it does may be worth waiting for.
        """
        pool, late = self._pool, isinstance(failure, DeadlineError)
        if pool is not None and (late or isinstance(failure, QuotaError)):
            farewell = Deadline(_FAREWELL, self._clock)
            self._transport.allow(farewell)
            if shell is not None:
                with suppress(*FAILURES):
                    pool.stop(shell)
            with suppress(*FAILURES):
                pool.close(farewell)
        self._pool = None

    def _delete(self, seconds: float) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            deadline = Deadline(seconds, self._clock)
            self._transport.allow(deadline)
            with suppress(*FAILURES):
                pool.close(deadline)


def _prepared(statement: Statement) -> list[Stage]:
    """The commands of a statement as pypsrp takes them; the text of a script stands for its first command's name."""
    return [
        (
            statement.script if number == 0 and statement.script is not None else command.name,
            number == 0 and statement.script is not None,
            {name: wire_value(value) for name, value in command.parameters.items()},
            [wire_value(value) for value in command.arguments],
        )
        for number, command in enumerate(statement.commands)
    ]


def _secret(command: Command) -> bool:
    return holds_secret(command.parameters) or holds_secret(command.arguments)


def _step(statements: Sequence[Statement]) -> str:
    return ", ".join(statement.commands[0].name for statement in statements if statement.commands)
