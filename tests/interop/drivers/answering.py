"""What the Python drivers share: a job on stdin, for each exercise a line of JSON on stdout.

A driver runs in a foreign client's own environment, where nothing of this project can be imported.
"""

import json
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

SCRIPT = "Get-VM | Select-Object Name, State"
PROGRAM = ("cscript", ["//nologo", r"C:\Windows\System32\slmgr.vbs", "/dlv"])
UNKNOWN = "Get-NothingAtAll"
WRONG_PASSWORD = "not the password"

Exercise = Callable[[Any], str]


def answer(exercises: Mapping[str, Exercise]) -> None:
    """Do what the job asks for, each exercise by itself; what one raises is its answer."""
    job = SimpleNamespace(**json.load(sys.stdin))
    for name in job.exercises:
        try:
            found = {"exercise": name, "said": exercises[name](job)}
        except Exception as error:  # noqa: BLE001 - whatever a client raises is what it has to say
            found = {"exercise": name, "raised": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def account(job: Any) -> str:
    """The user's name as the job's authentication spells it."""
    return f"{job.user}@{job.realm}" if job.auth == "kerberos" else f"{job.domain}\\{job.user}"
