"""More commands: those that diagnose and observe. They only read."""

from typing import Annotated

import typer

from harness.cli._app import app

__all__ = ["app"]


@app.command()
def doctor(
    context: typer.Context,
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[TARGET]...", help="Hosts, clusters, groups or globs; none is all.")
    ] = None,
) -> int:
    """Check each host and guest from its name to its licences, and say how to fix what is wrong. Changes nothing."""
    from harness.cli._doctor import doctor as run

    return run(context.obj, targets or [])
