"""powershell.exe in the command shell: what it ends with (about_PowerShell_exe), and the cmdlet that takes time."""

import asyncio
import base64
import time

import pytest
from sim_world_lab import InMemoryLab, Kept, command
from sim_world_topologies import host, lab

from harness.sim.machine import Invocation


@pytest.fixture(scope="module")
def found() -> InMemoryLab:
    return lab(host("HV1"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1", 0),
        ("Get-NothingAtAll", 1),
        ("Get-NothingAtAll; 1", 0),
        ("1; Get-NothingAtAll", 1),
        ("throw 'enough'", 1),
        ("exit 3", 3),
        ("Get-NothingAtAll; exit 0", 0),
        ("if (", 1),
    ],
)
def test_the_exit_code_is_that_of_the_last_statement_unless_exit_names_one(
    found: InMemoryLab, text: str, code: int
) -> None:
    encoded = base64.b64encode(text.encode("utf-16-le")).decode()
    assert found.run("HV1", "powershell", "-EncodedCommand", encoded).exit_code == code
    assert found.run("HV1", "powershell", "-Command", f'"{text}"').exit_code == code


def test_start_sleep_takes_its_time_and_puts_out_nothing(found: InMemoryLab) -> None:
    begun = time.monotonic()
    assert found.ask("HV1", command("Start-Sleep", Milliseconds=50)).values == []
    assert time.monotonic() - begun >= 0.05


def test_start_sleep_ends_when_it_is_stopped(found: InMemoryLab) -> None:
    async def stopped() -> None:
        work = found.computer("HV1").invoke(found.session("HV1"), Invocation(((command("sleep", 600),),)), Kept())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 0.05)

    begun = time.monotonic()
    asyncio.run(stopped())
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("name", ["Invoke-Expression", "iex"])
def test_a_typed_invoke_expression_runs_its_text_and_feeds_the_next_command(found: InMemoryLab, name: str) -> None:
    kept = found.ask("HV1", command(name, Command="'b', 'a'"), command("Sort-Object"))
    assert (kept.values, kept.ids) == (["a", "b"], [])
    assert found.ask("HV1", command(name, "Get-NothingAtAll")).ids == ["CommandNotFoundException"]
