"""ansible-core with its psrp connection: the same statements by ``raw``, without gathering facts of its own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.job import Job
from benchmarks.worker import Json

__all__ = ["run_ansible"]

_CALLBACKS = Path(__file__).parent / "ansible_callbacks"


def run_ansible(job: Job, environment: Path, scripts: Sequence[str]) -> Json:
    """Run one play, a raw task for each script; its seconds from the play's start, without Ansible's own start-up.

    Args:
        job: whom to ask.
        environment: the virtual environment of requirements/bench.txt.
        scripts: the text of each task.

    Raises:
        RuntimeError: a task failed, or answered nothing.
    """
    with tempfile.TemporaryDirectory(prefix="avma-bench-") as temporary:
        directory = Path(temporary)
        (directory / "inventory.json").write_text(json.dumps(_inventory(job)))
        (directory / "play.json").write_text(json.dumps([_play(scripts)]))
        ended = subprocess.run(
            [environment / "bin" / "ansible-playbook", "-i", "inventory.json", "play.json"],
            cwd=directory,
            env={
                **os.environ,
                "NO_PROXY": "*",
                "no_proxy": "*",
                "ANSIBLE_CONFIG": str(_settings(job, directory)),
                "AVMA_STOPWATCH": str(directory / "seconds.json"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        watch = directory / "seconds.json"
        found: Json = json.loads(watch.read_text()) if watch.exists() else {}
    if ended.returncode or found.get("answers") != len(scripts) * len(job.endpoints):
        raise RuntimeError(f"ansible-playbook: {ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    return found


def _inventory(job: Job) -> Json:
    hosts = {
        endpoint.name: {"ansible_host": endpoint.address, "ansible_port": endpoint.port} for endpoint in job.endpoints
    }
    variables = {
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "https",
        "ansible_psrp_auth": "negotiate",
        "ansible_psrp_ca_cert": job.ca,
        "ansible_user": job.username,
        "ansible_password": job.password,
    }
    return {"all": {"hosts": hosts, "vars": variables}}


def _play(scripts: Sequence[str]) -> Json:
    return {"hosts": "all", "gather_facts": False, "tasks": [{"raw": text, "changed_when": False} for text in scripts]}


def _settings(job: Job, directory: Path) -> Path:
    """Ansible as it is installed, apart from forks and the stopwatch; nothing of the user's own settings."""
    path = directory / "ansible.cfg"
    lines = [
        "[defaults]",
        f"home = {directory / 'home'}",
        f"forks = {job.forks}",
        f"callback_plugins = {_CALLBACKS}",
        "callbacks_enabled = stopwatch",
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
