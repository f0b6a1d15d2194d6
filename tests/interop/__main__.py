"""`make interop`: let every foreign client drive the lab, print the list, write it into docs/interop.md."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.pages import put_into
from tests.interop.clients import CLIENTS
from tests.interop.driving import Outcome, drive
from tests.interop.interop_lab import serve
from tests.interop.report import BEGIN, END, page, way_name
from tests.sim.sim_kdc import missing


def main() -> int:
    """Run all clients, or those whose name holds a word. Fails when one fails or is not installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.interop", description=main.__doc__)
    parser.add_argument("--write", type=Path, help="file that takes the list between its two marks")
    parser.add_argument("words", nargs="*", help="only clients with one of these words in their names")
    options = parser.parse_args()
    lacking = missing()
    if lacking:
        sys.stderr.write(f"{lacking} (make interop-deps does that, too)\n")
        return 1
    chosen = [one for one in CLIENTS if not options.words or any(word in one.name for word in options.words)]
    clients = [(client, client.version()) for client in chosen]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="avma-interop-") as directory, serve(Path(directory), kerberos=True) as lab:
        for client, version in clients:
            for way in client.ways if version is not None else ():
                sys.stderr.write(f"{client.name} {version}: {way_name(way)}\n")
                outcomes += drive(client, way, lab)
    part = page(clients, outcomes, datetime.now(UTC).date())
    sys.stdout.write(part + "\n")
    failures = [one for one in outcomes if one.problem]
    for one in failures:
        sys.stderr.write(f"{one.client}, {way_name(one.way)}, {one.exercise}: {one.problem[:2000]}\n")
    good = not failures and all(version is not None for _, version in clients)
    if options.write and good:
        put_into(options.write, part, BEGIN, END)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
