"""The commands around upgrades, each with its options; _app.py names them."""

from typing import Annotated

import typer

__all__ = ["moves", "preflight"]


def preflight(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="The release to upgrade to, as 2025 (or 24H2 for Azure Local).")],
    hosts: Annotated[bool, typer.Option("--hosts", help="Only the hosts are upgraded.")] = False,
    guests: Annotated[bool, typer.Option("--guests", help="Only the guests are upgraded.")] = False,
    cluster: Annotated[str | None, typer.Option(help="Only this cluster, or this host without one.")] = None,
    edition: Annotated[str | None, typer.Option(help="The edition guests get, where setup changes it.")] = None,
    window: Annotated[str, typer.Option(help="How long the upgrade may take, as 8h or 3d.")] = "24h",
    playbook: Annotated[str | None, typer.Option(help="Write a playbook that carries the fixes out here.")] = None,
    report: Annotated[str | None, typer.Option(help="Also write report.html, junit.xml and run.json here.")] = None,
) -> int:
    """Validate an upgrade: what stays activated at each step, what stands in the way. Changes nothing."""
    from harness.cli._foresight import preflight as run
    from harness.cli._foresight import wish_of

    wish = wish_of(to, hosts=hosts, guests=guests, cluster=cluster, edition=edition, window=window)
    return run(context.obj, wish, playbook, report)


def moves(
    context: typer.Context,
    drain: Annotated[str | None, typer.Option(metavar="HOST", help="A host that is about to be emptied.")] = None,
    anywhere: Annotated[bool, typer.Option("--anywhere", help="Every VM against every host of the run.")] = False,
    report: Annotated[str | None, typer.Option(help="Also write report.html, junit.xml and run.json here.")] = None,
) -> int:
    """Show on which hosts each VM stays activated, until when, or why not. Changes nothing."""
    from harness.cli._foresight import moves as run

    return run(context.obj, drain, anywhere=anywhere, report=report)
