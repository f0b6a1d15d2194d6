"""ansible-core's `raw` over its psrp or winrm connection: one ad-hoc run of the command for each exercise."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from answering import PROGRAM, SCRIPT, UNKNOWN, WRONG_PASSWORD, account, answer


def inventory(job: Any, password: str) -> dict[str, Any]:
    scheme, port = ("https", job.https) if job.secure else ("http", job.http)
    shared = {"ansible_host": job.address, "ansible_port": port, "ansible_connection": job.connection}
    shared |= {"ansible_user": account(job), "ansible_password": password}
    psrp = {
        "ansible_psrp_protocol": scheme,
        "ansible_psrp_auth": job.auth,
        "ansible_psrp_ca_cert": job.ca,
        "ansible_psrp_negotiate_hostname_override": job.principal_host,
        "ansible_psrp_negotiate_service": "HTTP",
    }
    winrm = {
        "ansible_winrm_scheme": scheme,
        "ansible_winrm_transport": job.auth,
        "ansible_winrm_ca_trust_path": job.ca,
        "ansible_winrm_kerberos_hostname_override": job.principal_host,
        "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"],
    }
    return {"all": {"hosts": {"host": shared | (psrp if job.connection == "psrp" else winrm)}}}


def raw(job: Any, text: str, password: str = "") -> str:
    """What `ansible -m raw` prints; a host that lets nobody in is an error."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        (directory / "inventory.json").write_text(json.dumps(inventory(job, password or job.password)))
        (directory / "ansible.cfg").write_text(f"[defaults]\nhome = {directory}\n")
        done = subprocess.run(
            [Path(sys.executable).parent / "ansible", "all", "-i", "inventory.json", "-m", "raw", "-a", text],
            cwd=directory,
            env={**os.environ, "ANSIBLE_CONFIG": "ansible.cfg", "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
    if "UNREACHABLE" in done.stdout or "FAILED | rc=-1" in done.stdout:
        raise ConnectionError(done.stdout)
    return done.stdout + done.stderr


answer(
    {
        "script": lambda job: raw(job, SCRIPT),
        "program": lambda job: raw(job, f"{PROGRAM[0]} {' '.join(PROGRAM[1])}"),
        "error": lambda job: raw(job, UNKNOWN),
        "wrong password": lambda job: raw(job, SCRIPT, WRONG_PASSWORD),
    }
)
