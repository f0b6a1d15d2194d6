"""evil-winrm-py, an interactive shell: types a command and `exit`, and reads what it shows."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from answering import PROGRAM, SCRIPT, UNKNOWN, WRONG_PASSWORD, account, answer


def typed(job: Any, text: str, password: str = "") -> str:
    words = ["-i", job.address, "--port", str(job.http), "-u", account(job), "-p", password or job.password]
    if job.auth == "kerberos":
        words += ["--kerberos", "--spn-prefix", "HTTP", "--spn-hostname", job.principal_host]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [Path(sys.executable).parent / "evil-winrm-py", *words, "--no-colors"],
            input=f"{text}\nexit\n",
            env={**os.environ, "HOME": home, "TERM": "dumb"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ConnectionError(done.stdout)
    return done.stdout + done.stderr


answer(
    {
        "script": lambda job: typed(job, SCRIPT),
        "program": lambda job: typed(job, f"{PROGRAM[0]} {' '.join(PROGRAM[1])}"),
        "error": lambda job: typed(job, UNKNOWN),
        "wrong password": lambda job: typed(job, SCRIPT, WRONG_PASSWORD),
    }
)
