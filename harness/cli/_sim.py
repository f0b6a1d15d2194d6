"""`avma sim up`: the simulated lab as a program."""

from pathlib import Path

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.sim.lab import serve
from harness.sim.topology import TopologyError, demo_topology, load_topology
from harness.sim.variants import UnknownVariantError

__all__ = ["sim_up"]


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


def _pairs(variants: list[str]) -> dict[str, str]:
    for text in variants:
        if "=" not in text:
            raise InputError(
                "A variant is given as NAME=CHOICE.", target=text, hint="docs/simulated-lab.md lists them."
            )
    return dict(text.split("=", 1) for text in variants)
