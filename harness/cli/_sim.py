"""`avma sim`: the simulated lab as a program, and topologies for it."""

import sys
from pathlib import Path

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.sim.generate import topology_text
from harness.sim.lab import serve
from harness.sim.topology import TopologyError, demo_topology, load_topology
from harness.sim.variants import UnknownVariantError

__all__ = ["sim_topology", "sim_up"]


def sim_up(options: Options, topology: str | None, directory: str | None, variants: list[str], seed: int) -> int:
    """Serve until SIGTERM; the first line on stdout tells where everything is."""
    try:
        serve(
            load_topology(Path(topology)) if topology else demo_topology(),
            output_json=options.output is not Output.TEXT,
            seed=seed,
            variants=_pairs(variants),
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


def _pairs(variants: list[str]) -> dict[str, str]:
    for text in variants:
        if "=" not in text:
            raise InputError(
                "A variant is given as NAME=CHOICE.", target=text, hint="docs/simulated-lab.md lists them."
            )
    return dict(text.split("=", 1) for text in variants)
