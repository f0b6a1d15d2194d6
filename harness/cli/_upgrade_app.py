"""The commands around upgrades, each with its options; _app.py names them."""

from typing import Annotated

import typer

__all__ = ["moves", "preflight", "runs", "unattend"]

runs = typer.Typer(name="runs", help="The runs of this store.", rich_markup_mode=None)


@runs.callback(invoke_without_command=True)
def list_runs(context: typer.Context) -> int:
    """List the runs of this store; `diff` compares two of them."""
    if context.invoked_subcommand is not None:
        return 0
    from harness.cli._store import runs as run

    return run(context.obj)


@runs.command()
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="The id of the earlier run.")],
    after: Annotated[str, typer.Argument(help="The id of the later run, or last.")] = "last",
) -> int:
    """Show what changed for every host and guest between two runs."""
    from harness.cli._rundiff import diff as run

    return run(context.obj, before, after)


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


def unattend(
    context: typer.Context,
    os_version: Annotated[
        str, typer.Option("--os-version", "--os", "--version", help="The guest's Windows Server release, as 2022.")
    ],
    edition: Annotated[str, typer.Option(help="Standard, Datacenter, Essentials or 'Datacenter: Azure Edition'.")],
    file: Annotated[
        str | None, typer.Argument(help="An answer file to change, or - for stdin; none: a new one.")
    ] = None,
    architecture: Annotated[str, typer.Option("--architecture", "--arch", help="amd64 or arm64.")] = "amd64",
    language: Annotated[
        str | None, typer.Option(help="As de-DE: set in a new file, checked in one that exists.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key you mean to use; refused unless it is the right one.")
    ] = None,
    write: Annotated[
        str | None, typer.Option("--write", "--out", metavar="FILE", help="Write the result here, not to stdout.")
    ] = None,
) -> int:
    """Put the AVMA key into a Windows Setup answer file, new or existing; every other byte of it stays."""
    from harness.cli._unattend import unattend as run
    from harness.core.unattend import wanted

    return run(
        context.obj, file, wanted(os_version, edition, architecture=architecture, language=language, key=key), write
    )
