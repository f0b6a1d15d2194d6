"""What a good administrator would write with pypsrp: a pool for each host, a pipeline for each question, threads.

Run by the Python of requirements/bench.txt as ``python peer_pypsrp.py JOB``, a worker; it imports nothing of ours.
Modes: ``cold`` (open, ask, close) and ``open`` (in the pools that ``begin`` has opened).
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan


class Host:
    """One host's pool."""

    def __init__(self, job, endpoint):
        self.job = job
        wsman = WSMan(
            endpoint["address"],
            port=endpoint["port"],
            username=job["username"],
            password=job["password"],
            ssl=True,
            auth="negotiate",
            cert_validation=job["ca"],
        )
        self.pool = RunspacePool(wsman)

    def open(self):
        """Open the pool."""
        self.pool.open()
        return self

    def facts(self):
        """The answers to all questions, as typed objects."""
        return [self.ask(question) for question in self.job["questions"]]

    def ask(self, question):
        """One question: cmdlets with parameters, joined by pipes."""
        shell = PowerShell(self.pool)
        for command in question:
            shell.add_cmdlet(command["name"])
            shell.add_parameters(command["parameters"])
        output = shell.invoke()
        if shell.had_errors or shell.streams.error:
            raise RuntimeError(f"{question[0]['name']}: {shell.streams.error}")
        return output

    def close(self):
        """Close the pool and its connection."""
        self.pool.close()
        self.pool.connection.close()


def main(path):
    """Answer each line of stdin with one measurement."""
    job = json.loads(Path(path).read_text())
    opened = []
    with ThreadPoolExecutor(max_workers=job["forks"]) as threads:
        for line in sys.stdin:
            mode = json.loads(line)["mode"]
            if mode == "begin":
                opened = list(threads.map(lambda endpoint: Host(job, endpoint).open(), job["endpoints"]))
            before = time.perf_counter()
            if mode == "cold":
                found = list(threads.map(lambda endpoint: once(job, endpoint), job["endpoints"]))
            else:
                found = list(threads.map(Host.facts, opened))
            seconds = time.perf_counter() - before
            vms = sum(len(answers[job["vms_at"]]) for answers in found)
            print(json.dumps({"seconds": seconds, "hosts": len(found), "vms": vms}), flush=True)
        list(threads.map(Host.close, opened))


def once(job, endpoint):
    """Open, ask, close."""
    host = Host(job, endpoint).open()
    try:
        return host.facts()
    finally:
        host.close()


if __name__ == "__main__":
    main(sys.argv[1])
