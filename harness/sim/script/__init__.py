"""A small evaluator of PowerShell script text for the simulated lab.

It runs a stated subset of the language: param(), assignments, branches, loops, try and throw, pipelines, functions,
script blocks, splatting, string expansion, the operators and casts that administrators' short scripts use. Whatever
is outside is refused by its name before the first statement runs. Nothing here is Windows' own evaluator, and nothing
guesses what Windows would do.

A script sees one machine's commands through ``ScriptHost``::

    await run_script(text, [Parameter("Name", "Get-VM")], None, host, streams)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.sim.machine import Parameter, Streams
from harness.sim.script._blocks import ScriptBlock
from harness.sim.script._core import ScriptHost
from harness.sim.script._errors import ScriptNotSupportedError, ScriptParseError
from harness.sim.script._evaluator import run_block
from harness.sim.script._nodes import Block
from harness.sim.script._reader import read
from harness.sim.script._scope import Limits

__all__ = [
    "Limits",
    "Script",
    "ScriptBlock",
    "ScriptHost",
    "ScriptNotSupportedError",
    "ScriptParseError",
    "parse",
    "run_script",
]


@dataclass(frozen=True, slots=True)
class Script:
    """A script that has been read and holds nothing but what the evaluator knows."""

    text: str
    block: Block


def parse(text: str) -> Script:
    """Read a script.

    Raises:
        ScriptParseError: the text is no PowerShell; with line and column.
        ScriptNotSupportedError: it holds a construct outside the subset; with its name, line and column.
    """
    return Script(text, read(text))


async def run_script(
    script: str | Script,
    parameters: Sequence[Parameter],
    items: Sequence[object] | None,
    host: ScriptHost,
    streams: Streams,
    *,
    variables: dict[str, object] | None = None,
    automatic: Mapping[str, object] | None = None,
    limits: Limits | None = None,
) -> bool:
    """Run a script to its end; what it puts out goes to ``streams.output`` object by object.

    Args:
        script: the text, or what ``parse`` made of it.
        parameters: for its ``param()``, or ``$args``; named or positional.
        items: what a pipeline brings into it, ``$input``; None at a pipeline's head.
        host: the commands it can call.
        streams: takes output, errors and the rest.
        variables: the session's variables by lower-case name; what the script sets is found there afterwards.
        automatic: further variables, as ``PSVersionTable``; an environment variable as ``env:NAME``.
        limits: bounds of the run.

    Returns:
        Whether its last statement succeeded, as ``$?`` would say behind it; True where ``exit`` ended the script.

    Raises:
        TerminatingError: the text cannot be read, its parameters do not bind, or an error ended the script. Errors
            that end a single statement go to ``streams.error`` and the script goes on, as in PowerShell.
    """
    block = script.block if isinstance(script, Script) else read(script)
    return await run_block(
        block,
        parameters,
        items,
        host,
        streams,
        variables={} if variables is None else variables,
        automatic=automatic or {},
        limits=limits or Limits(),
    )
