"""`avma sim`: the simulated lab as a program, and topologies for it."""

import os
import signal
import sys
from pathlib import Path
from threading import Thread

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.sim.generate import topology_text
from harness.sim.lab import serve
from harness.sim.topology import Topology, TopologyError, load_topology, shipped_topologies
from harness.sim.variants import UnknownVariantError, Variants

__all__ = ["sim_topology", "sim_up"]

_RANDOM = "random"


def sim_up(
    options: Options,
    topology: str,
    directory: str | None,
    variants: list[str],
    seed: int,
    *,
    end_with_stdin: bool,
) -> int:
    """Serve until SIGTERM; the first line on stdout tells where everything is."""
    if end_with_stdin:
        Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    try:
        serve(
            _topology(topology),
            output_json=options.output is not Output.TEXT,
            seed=seed,
            variants=_choices(variants, seed),
            directory=Path(directory) if directory else None,
        )
    except (TopologyError, UnknownVariantError) as error:
        raise InputError(str(error), hint="`avma schema topology` describes the file.") from error
    except OSError as error:
        raise InputError(
            f"The lab cannot be served: {error.strerror or error}.", hint="Free the port or name another folder."
        ) from error
    return 0


def sim_topology(_options: Options, hosts: int, guests: int, seed: int, file: str | None) -> int:
    """Write a generated topology to a file or to stdout."""
    try:
        text = topology_text(hosts, guests, seed)
    except ValueError as error:
        raise InputError(f"There is no such lab: {error}.", hint="Choose other numbers.") from error
    if file is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"The file cannot be written: {error.strerror}.", target=file) from error
    return 0


def _topology(given: str) -> Topology:
    """A topology file, or one that comes with the package, by its name."""
    shipped = shipped_topologies()
    path = Path(given)
    if not path.is_file() and given not in shipped:
        raise InputError(
            "There is no such topology.", target=given, hint=f"Give a readable file, or one of {', '.join(shipped)}."
        )
    return load_topology(path if path.is_file() else shipped[given])


def _end_with_stdin() -> None:
    """Whoever started us holds the other end of our stdin: when he is gone, however he went, so are we."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _choices(variants: list[str], seed: int) -> dict[str, str]:
    """What NAME=CHOICE says, and with ``random`` among them any choice of every other entry."""
    named = [text for text in variants if text != _RANDOM]
    for text in named:
        if "=" not in text:
            raise InputError(
                f"A variant is given as NAME=CHOICE, or {_RANDOM} for all others.",
                target=text,
                hint="docs/simulated-lab.md lists them.",
            )
    drawn = dict(Variants.random(seed)) if _RANDOM in variants else {}
    return drawn | dict(text.split("=", 1) for text in named)
