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


@app.command()
def usage(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="Only the last so long, as 90d; none shows all known.")] = None,
    csv: Annotated[
        str | None, typer.Option(help="Also write one line per event to this file, or - for stdout.")
    ] = None,
) -> int:
    """Tell from host logs alone who was activated when and by which host, and keep it. Changes nothing on machines."""
    from harness.cli._usage import usage as run

    return run(context.obj, since, csv)


@app.command()
def capture(
    context: typer.Context,
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[TARGET]...", help="Hosts, clusters, groups or globs; none is all.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Write the capture to this file.")] = None,
) -> int:
    """Record what real hosts show of the questions nobody has recorded, for the simulated lab. Changes nothing."""
    from harness.cli._capture import capture as run

    return run(context.obj, targets or [], to)
