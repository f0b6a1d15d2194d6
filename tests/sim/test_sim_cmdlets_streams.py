"""Write-*: each says something in a stream of its own (about_Output_Streams, about_Preference_Variables)."""

import pytest
from sim_world_lab import InMemoryLab, command, script
from sim_world_topologies import host, lab

from harness.sim.cmdlets import HOST_MESSAGE
from harness.sim.machine import Call
from harness.sim.objects import ErrorRecord, Obj, ProgressRecord


@pytest.fixture(scope="module")
def found() -> InMemoryLab:
    return lab(host("HV1"))


@pytest.mark.parametrize(
    ("stream", "given"),
    [
        ("warning", command("Write-Warning", "said")),
        ("verbose", command("Write-Verbose", "said", Verbose=True)),
        ("debug", command("Write-Debug", "said", Debug=True)),
        ("information", command("Write-Information", "said")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_text_goes_to_its_stream_alone(found: InMemoryLab, stream: str, given: Call) -> None:
    kept = found.ask("HV1", given)
    assert (kept.texts, kept.values, kept.errors) == ([(stream, "said")], [], [])


@pytest.mark.parametrize("name", ["Verbose", "Debug"])
def test_what_is_on_demand_is_silent_until_a_preference_asks_for_it(found: InMemoryLab, name: str) -> None:
    assert found.ask("HV1", script(f"Write-{name} said")).texts == []
    asked = script(f"${name}Preference = 'Continue'; Write-{name} said")
    assert found.ask("HV1", asked).texts == [(name.casefold(), "said")]


def test_write_host_says_a_message_of_the_hosts_in_the_information_stream(found: InMemoryLab) -> None:
    ((stream, message),) = found.ask("HV1", command("Write-Host", ["a", 1], Separator="-")).texts
    assert isinstance(message, Obj)
    assert (stream, message.types[0], message.text) == ("information", HOST_MESSAGE, "a-1")


def test_progress_has_activity_status_and_percent(found: InMemoryLab) -> None:
    kept = found.ask("HV1", command("Write-Progress", "Moving", "half", PercentComplete=50))
    assert kept.texts == [("progress", ProgressRecord("Moving", "half", 50))]


def test_an_error_is_no_output(found: InMemoryLab) -> None:
    kept = found.ask("HV1", command("Write-Error", "broken"))
    assert kept.values == []
    (record,) = kept.errors
    assert isinstance(record, ErrorRecord)
    assert record.message == "broken"


def test_powershells_console_shows_what_the_host_is_told_and_no_information(found: InMemoryLab) -> None:
    result = found.run("HV1", "powershell", "-Command", "Write-Host shown; Write-Information hidden")
    assert result.stdout == b"shown\r\n"
