"""The how-to pages of docs/: every command on them runs, in its order, and ends as the page says."""

import io
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from howto_pages import Command, Export, File, HowTo, Script, read_page
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from harness.cli import main
from harness.sim.cmdlets import available_commands
from harness.sim.lab import LabThread
from harness.sim.topology import load_topology
from harness.sim.variants import Variants

ROOT = Path(__file__).parents[2]
PAGES = ("real-lab", "nested-lab", "onboarding", "upgrade-validation", "writing-lab-tests")
MODULES = ("Hyper-V", "FailoverClusters", "ServerAVMAManager", "AzureStackHCI", "Az.StackHCI")
WRITTEN = {"--report": "report.html", "--playbook": "", "--write": "", "--junitxml": ""}
"""What an option leaves behind: a file in the folder that it names, or that file itself."""
WINDOWS_ONLY = {
    "Checkpoint-VM",
    "Enable-WindowsOptionalFeature",
    "Export-Certificate",
    "New-Item",
    "New-NetFirewallRule",
    "New-SelfSignedCertificate",
    "Set-VMNetworkAdapter",
    "Set-VMProcessor",
}
"""What only Windows can carry out: setting up a machine is not what the simulated lab simulates."""


class Reader:
    """Somebody who does what a page says, in an empty folder, on the page's lab."""

    def __init__(
        self, page: HowTo, lab: LabThread, folder: Path, stack: ExitStack, setenv: Callable[[str, str], None]
    ) -> None:
        self.unknown: set[str] = set()
        self._page = page
        self._lab = lab
        self._folder = folder
        self._stack = stack
        self._setenv = setenv
        self._known = {name.casefold() for name in available_commands(MODULES, Variants())}
        self._endpoints: list[dict[str, Any]] = lab.document["endpoints"]

    def follow(self) -> None:
        for step in self._page.steps:
            match step:
                case File():
                    self._write(step)
                case Export():
                    self._setenv(step.name, self._secret(step))
                case Script():
                    self._on_windows(step)
                case Command(stays=True):
                    self._leave_running(step)
                case Command():
                    self._run(step)

    def _secret(self, step: Export) -> str:
        if step.value != "...":
            return step.value
        role = ("guest",) if "GUEST" in step.name else ("host", "node")
        return next(one["password"] for one in self._endpoints if one["role"] in role)

    def _write(self, step: File) -> None:
        path = self._folder / step.name
        path.write_text(re.sub(r"address: ([\w-]+)\.contoso\.com", self._address, step.text), "utf-8")
        for name in re.findall(r"ca: \./([\w.-]+)", step.text):
            shutil.copy(self._lab.document["ca"], self._folder / name)
        for name, key in self._lab.lab.topology.host_keys.items():
            if f"./{name}.key" in step.text:
                (self._folder / f"{name}.key").write_text(key.key, "utf-8")

    def _address(self, found: re.Match[str]) -> str:
        endpoint = self._endpoint(found[1])
        return f"address: {endpoint['address']}, port: {endpoint['port']}"

    def _endpoint(self, name: str) -> dict[str, Any]:
        mine = [one for one in self._endpoints if one["computer_name"].casefold() == name.casefold()]
        return next(one for one in mine if one["scheme"] == "https")

    def _run(self, step: Command) -> None:
        out, err = io.StringIO(), io.StringIO()
        words = [self._run_id() if word == "RUN" else word for word in step.words]
        if words[0] == "avma":
            with redirect_stdout(out), redirect_stderr(err):
                code = main(words[1:])
            told = out.getvalue() + err.getvalue()
        else:
            assert words[0] == "pytest", words
            done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
            code, told = done.returncode, done.stdout + done.stderr
        assert code == step.code, f"{' '.join(words)}\n{told}"
        for option, value in pairwise(words):
            if option in WRITTEN and code != 5:
                assert (self._folder / value / WRITTEN[option]).stat().st_size > 0

    def _leave_running(self, step: Command) -> None:
        command = [sys.executable, "-m", "harness.cli", *step.words[1:]]
        process = self._stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        self._stack.callback(process.send_signal, signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline(), "it says where it is when it is up"

    def _run_id(self) -> str:
        """The id of the first validation, as a person reads it off `avma runs`."""
        out = io.StringIO()
        with redirect_stdout(out):
            assert main(["runs", "--output", "json"]) == 0
        runs = json.loads(out.getvalue())["runs"]
        return next(run["run_id"] for run in reversed(runs) if run["command"].startswith("preflight"))

    def _on_windows(self, step: Script) -> None:
        missing = {name for name in step.commands if name.casefold() not in self._known}
        self.unknown |= missing
        if missing or not step.commands:
            return
        host = next(one for one in self._endpoints if one["role"] in {"host", "node"} and one["scheme"] == "https")
        wsman = WSMan(
            host["address"],
            port=host["port"],
            username=host["username"],
            password=host["password"],
            cert_validation=self._lab.document["ca"],
            no_proxy=True,
        )
        with wsman, RunspacePool(wsman) as pool, PowerShell(pool) as power:
            power.add_script(step.text)
            power.invoke()
            assert not power.streams.error, [str(error) for error in power.streams.error]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_the_page_ends_as_it_says(name, tmp_path, monkeypatch):
    page = read_page(ROOT / "docs" / f"{name}.md")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    with ExitStack() as stack:
        lab = stack.enter_context(LabThread(load_topology(ROOT / page.topology), directory=tmp_path / "lab"))
        monkeypatch.setenv("AVMA_STORE", str(tmp_path / "store.db"))
        monkeypatch.setenv("AVMA_INVENTORY", lab.document["inventory"])
        reader = Reader(page, lab, work, stack, monkeypatch.setenv)
        reader.follow()
    assert reader.unknown <= WINDOWS_ONLY


def test_the_pages_say_how_their_commands_were_run():
    for name in PAGES:
        text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
        assert "run by a test" in text, name


def test_the_pages_have_commands_of_every_kind():
    steps = [step for name in PAGES for step in read_page(ROOT / "docs" / f"{name}.md").steps]
    words = {step.words[1] for step in steps if isinstance(step, Command) and step.words[0] == "avma"}
    assert words >= {"doctor", "facts", "verify", "plan", "apply", "onboard", "moves", "preflight", "runs", "unattend"}
    assert {type(step) for step in steps} == {Command, Export, File, Script}


@pytest.mark.parametrize("line", ["avma facts", "$ avma facts # soon", "$  avma"])
def test_a_line_that_is_no_command_is_noticed(tmp_path, line):
    page = tmp_path / "page.md"
    page.write_text(f"<!-- lab: x.yaml -->\n\n```console\n{line}\n```\n", "utf-8")
    with pytest.raises(ValueError, match="is no command"):
        read_page(page)
