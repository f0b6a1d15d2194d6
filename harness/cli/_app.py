"""The commands, each with its options; what they do is imported when they run, since start-up time is measured."""

from typing import Annotated

import typer

from harness import __version__
from harness.cli import _upgrade_app
from harness.cli._options import Options, Output

__all__ = ["app"]

app = typer.Typer(
    name="avma",
    help="Set up, prove and watch Automatic Virtual Machine Activation on Hyper-V and Azure Local.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
sim = typer.Typer(
    name="sim", help="The simulated lab: real protocols, no Windows.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(sim)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"avma-harness {__version__}")
        raise typer.Exit


@app.callback()
def globals_(
    context: typer.Context,
    output: Annotated[Output, typer.Option(help="How data is written to stdout.", envvar="AVMA_OUTPUT")] = Output.TEXT,
    inventory: Annotated[
        str | None, typer.Option("-i", "--inventory", help="Inventory file.", envvar="AVMA_INVENTORY")
    ] = None,
    limit: Annotated[str | None, typer.Option(help="Only these: names, groups, globs; ! excludes.")] = None,
    store: Annotated[
        str | None, typer.Option(help="Store: a SQLite file or an SQLAlchemy URL.", envvar="AVMA_STORE")
    ] = None,
    forks: Annotated[int | None, typer.Option(help="How many machines are asked at once.", min=1, max=200)] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours (also: NO_COLOR).")] = False,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Log every event to stderr.")] = 0,
    _version_shown: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Global options; accepted before or after the command's name."""
    context.obj = Options(output, inventory, limit, store, forks, not no_color, verbose)


@app.command()
def keys(context: typer.Context, kind: Annotated[str | None, typer.Argument(help="AVMA or GVLK.")] = None) -> int:
    """Print the public generic keys with their source."""
    from harness.cli._catalogue import keys as run

    return run(context.obj, kind)


@app.command()
def matrix(
    context: typer.Context,
    host: Annotated[str | None, typer.Argument(help="Host release, as 2022.")] = None,
    guest: Annotated[str | None, typer.Argument(help="Guest release, as 2019.")] = None,
) -> int:
    """Print which host activates which guest."""
    from harness.cli._catalogue import matrix as run

    return run(context.obj, host, guest)


@app.command(context_settings={"ignore_unknown_options": True})
def codes(
    context: typer.Context, code: Annotated[str | None, typer.Argument(help="A code, as 0xC004FD02.")] = None
) -> int:
    """Print what an activation code means and what to do next."""
    from harness.cli._catalogue import codes as run

    return run(context.obj, code)


@app.command()
def explain(
    context: typer.Context, file: Annotated[str, typer.Argument(help="A file with pasted output, or - for stdin.")]
) -> int:
    """Read pasted slmgr or event output and say what it means."""
    from harness.cli._catalogue import explain as run

    return run(context.obj, file)


@app.command()
def schema(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Name of the schema; none lists them.")] = None,
) -> int:
    """Print a JSON Schema: of the files people write, and of the documents we print."""
    from harness.cli._schema import schema as run

    return run(context.obj, name)


@app.command()
def facts(
    context: typer.Context,
    kvp: Annotated[
        bool, typer.Option("--kvp", help="Also what guests tell through Data Exchange, unverified.")
    ] = False,
) -> int:
    """Ask hosts and guests what they are. Changes nothing."""
    from harness.cli._run import facts as run

    return run(context.obj, kvp=kvp)


@app.command()
def plan(
    context: typer.Context,
    playbook: Annotated[str, typer.Argument(help="A shipped playbook's name or a path.")],
    tags: Annotated[str, typer.Option(help="Only steps with one of these tags, comma separated.")] = "",
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit 2 when changes are pending.")] = False,
) -> int:
    """Show what a playbook would change, and why. Changes nothing."""
    from harness.cli._run import plan as run

    return run(context.obj, playbook, tags, detailed_exitcode=detailed_exitcode)


@app.command()
def apply(
    context: typer.Context,
    playbook: Annotated[str, typer.Argument(help="A playbook's name or path, or a saved plan (.json).")],
    tags: Annotated[str, typer.Option(help="Only steps with one of these tags, comma separated.")] = "",
    report: Annotated[str | None, typer.Option(help="Also write report.html, junit.xml and run.json here.")] = None,
) -> int:
    """Carry a playbook out, read every change back, and verify."""
    from harness.cli._run import apply as run

    return run(context.obj, playbook, tags, report)


@app.command()
def verify(
    context: typer.Context,
    report: Annotated[str | None, typer.Option(help="Also write report.html, junit.xml and run.json here.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until all that can be activated are.")] = False,
    deadline: Annotated[str, typer.Option(help="With --watch: how long at most, as 30m or 2h.")] = "30m",
    every: Annotated[str, typer.Option(help="With --watch: how often, as 30s.")] = "30s",
) -> int:
    """Prove from five witnesses which guests are activated. Changes nothing."""
    from harness.cli._run import verify as run

    return run(context.obj, report, patience=(deadline, every) if watch else None)


@app.command()
def onboard(
    context: typer.Context,
    cluster: Annotated[str, typer.Argument(help="A cluster of the inventory.")],
    accept_key_cost: Annotated[
        bool, typer.Option("--accept-key-cost", help="Replace other host keys; old and new stay used for ever.")
    ] = False,
    enable_subscription: Annotated[
        str | None, typer.Option(help="Enable the subscription with this credential (Azure account and token).")
    ] = None,
    canary: Annotated[
        str | None,
        typer.Option(metavar="VM", help="Move this expendable VM over every node and activate it on each; it returns."),
    ] = None,
    report: Annotated[str | None, typer.Option(help="Also write report.html, junit.xml and run.json here.")] = None,
) -> int:
    """Give one cluster's nodes their keys or the subscription, activate its guests, and verify."""
    from harness.cli._onboard import onboard as run

    return run(
        context.obj,
        cluster,
        report,
        accept_key_cost=accept_key_cost,
        subscription=enable_subscription,
        canary=canary,
    )


@app.command()
def resume(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(help="The id of the run that ended early, or last.")] = "last",
    attest_key: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host on which you saw that the key is in force; repeatable."),
    ] = None,
    attest_no_key: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host on which you saw that no new key is in force; repeatable."),
    ] = None,
    report: Annotated[str | None, typer.Option(help="Also write report.html, junit.xml and run.json here.")] = None,
) -> int:
    """Settle by reading what a run left open, then plan again and go on. No key is sent twice."""
    from harness.cli._resume import resume as run

    return run(context.obj, run_id, report, took=attest_key or [], none=attest_no_key or [])


app.command()(_upgrade_app.preflight)
app.command()(_upgrade_app.moves)
app.command()(_upgrade_app.unattend)


app.add_typer(_upgrade_app.runs)


@app.command()
def report(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(help="A run's id, or last.")] = "last",
    directory: Annotated[str | None, typer.Option(help="Write report.html, junit.xml and run.json here.")] = None,
    evidence: Annotated[str | None, typer.Option(help="Write the raw answers and their hashes to this .zip.")] = None,
    check: Annotated[str | None, typer.Option(help="Compare this evidence .zip with its hashes.")] = None,
) -> int:
    """Show a finished run again, write its report files, or export or check its evidence."""
    from harness.cli._store import report as run

    return run(context.obj, run_id, directory, evidence=evidence, check=check)


@app.command()
def ledger(
    context: typer.Context,
    export: Annotated[str | None, typer.Option(help="Write all of it to this .csv or .json file.")] = None,
) -> int:
    """List every host key ever sent, where, by whom and how it ended, and what is left of each."""
    from harness.cli._ledger import ledger as run

    return run(context.obj, export)


@app.command()
def locks(
    context: typer.Context,
    clear: Annotated[list[str] | None, typer.Option(metavar="HOST", help="Take this host from its holder.")] = None,
) -> int:
    """List which run or test job holds which host now."""
    from harness.cli._locks import locks as run

    return run(context.obj, clear or [])


@app.command()
def demo(
    context: typer.Context,
    directory: Annotated[str, typer.Option(help="Where the report and the lab's files go.")] = "avma-demo",
) -> int:
    """Start the simulated lab, onboard its cluster, activate its guests, verify, write the report."""
    from harness.cli._demo import demo as run

    return run(context.obj, directory)


@sim.command("up")
def sim_up(
    context: typer.Context,
    topology: Annotated[str, typer.Option(help="Topology file, or the name of a shipped one: demo, plain.")] = "demo",
    directory: Annotated[str | None, typer.Option(help="Where inventory, CA and secrets are written.")] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="NAME=CHOICE, repeatable; random: any choice of all others, by the seed.")
    ] = None,
    capture: Annotated[str | None, typer.Option(help="Behave as a host of this capture did.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    end_with_stdin: Annotated[bool, typer.Option("--end-with-stdin", help="End when stdin does, too.")] = False,
) -> int:
    """Serve a simulated lab until SIGTERM."""
    from harness.cli._capture_file import captured_variants
    from harness.cli._sim import sim_up as run

    variants = [*(captured_variants(capture) if capture else []), *(variant or [])]
    return run(context.obj, topology, directory, variants, seed, end_with_stdin=end_with_stdin)


@sim.command("topology")
def sim_topology(
    context: typer.Context,
    hosts: Annotated[int, typer.Option(help="How many hosts; a quarter of them are Azure Local nodes.")] = 4,
    guests: Annotated[int, typer.Option(help="How many guests on each.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed makes the same topology.")] = 1,
    file: Annotated[str | None, typer.Option("--file", help="Write it here instead of to stdout.")] = None,
) -> int:
    """Write a topology of that size, with a realistic mix of releases, editions and problems."""
    from harness.cli._sim import sim_topology as run

    return run(context.obj, hosts, guests, seed, file)


@app.command()
def jea(
    context: typer.Context,
    directory: Annotated[str, typer.Option(help="Where the files go.")] = "avma-jea",
    group: Annotated[
        str, typer.Option(help="Who may use the endpoint, as DOMAIN\\Group.")
    ] = "BUILTIN\\Remote Management Users",
    gmsa: Annotated[
        str | None, typer.Option(help="Run as this group-managed service account instead of a virtual account.")
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="WHAT", help="Let this through as well: canary, subscription. Repeatable."),
    ] = None,
) -> int:
    """Write a least-privilege endpoint for hosts: exactly the commands that avma sends to them."""
    from harness.cli._jea import jea as run

    return run(context.obj, directory, group, gmsa, extra or [])
