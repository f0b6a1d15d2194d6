"""Runspace pools beyond the plain call: keys, input, several pipelines, stop, time-outs, host calls, disconnection."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pypsrp.complex_objects import PSCredential, PSInvocationState, RunspacePoolState
from pypsrp.exceptions import WSManFaultError
from pypsrp.host import PSHost, PSHostUserInterface
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan
from sim_protocol_lab import PASSWORD, USER, Lab, LoopThread, start_lab
from sim_world_topologies import host

from harness.sim._echo import EchoMachine
from harness.sim.lab import LabThread
from harness.sim.machine import Account
from harness.sim.objects import Obj, Secure
from harness.sim.server import Limits
from harness.sim.topology import read_topology

Serve = Callable[..., Lab]


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def serve(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Serve]:
    labs: list[Lab] = []

    def make(**options: Any) -> Lab:
        labs.append(start_lab(loop_thread, tmp_path / str(len(labs)), **options))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(serve: Serve) -> Lab:
    return serve()


@pytest.fixture
def pool(lab: Lab) -> Iterator[RunspacePool]:
    with RunspacePool(lab.wsman(secure=False)) as pool:
        yield pool


def pipeline(pool: RunspacePool, name: str, *arguments: object) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_cmdlet(name)
    for argument in arguments:
        shell.add_argument(argument)
    return shell


def invoke(pool: RunspacePool, name: str, *arguments: object) -> PowerShell:
    shell = pipeline(pool, name, *arguments)
    shell.invoke()
    return shell


def test_a_credential_arrives_as_an_object_with_a_secure_password(lab: Lab, pool: RunspacePool) -> None:
    pool.exchange_keys()
    invoke(pool, "Write-Output", PSCredential(username="HV\\admin", password="gehe1m ü😀"))
    (parameter,) = lab.machine.seen[0].statements[0][0].parameters
    assert isinstance(parameter.value, Obj)
    assert parameter.value.types[0] == "System.Management.Automation.PSCredential"
    assert parameter.value.adapted == {"UserName": "HV\\admin", "Password": Secure("gehe1m ü😀")}


def test_a_secure_string_goes_and_comes_back_under_the_session_key(lab: Lab, pool: RunspacePool) -> None:
    pool.exchange_keys()
    shell = invoke(pool, "Write-Output", TaggedValue("SS", "secret"))
    assert lab.machine.seen[0].statements[0][0].parameters[0].value == Secure("secret")
    assert shell.output == ["secret"]


def test_a_secure_string_is_only_its_types_name_before_the_key_exchange(pool: RunspacePool, lab: Lab) -> None:
    lab.machine.answer = Secure("never shown")
    assert invoke(pool, "Get-Answer").output == ["System.Security.SecureString"]


def test_input_objects_reach_the_pipeline_in_order(lab: Lab, pool: RunspacePool) -> None:
    shell = pipeline(pool, "Write-Output")
    assert shell.invoke(input=["a", 1, None, ["x", 2]]) == ["a", 1, None, ["x", 2]]
    assert lab.machine.seen[0].input == ("a", 1, None, ["x", 2])


@pytest.mark.parametrize("size", [10, 32_700, 33_000, 400_000, 2_000_000])
def test_texts_of_any_size_travel_in_fragments_both_ways(pool: RunspacePool, size: int) -> None:
    text = "0123456789"[: size % 10] + "é" * (size // 2) + "." * (size // 2)
    assert invoke(pool, "Write-Output", text).output == [text]


def test_a_big_command_needs_more_sends_and_a_big_answer_more_receives(lab: Lab, pool: RunspacePool) -> None:
    lab.counters.clear()
    invoke(pool, "Write-Output", "x" * 1_200_000)
    requests = lab.counters.requests
    assert requests["Command"] == 1
    assert requests["Send"] >= 3
    assert requests["Receive"] >= 3


def test_no_answer_is_larger_than_the_client_allows(lab: Lab) -> None:
    client = lab.wsman(secure=False, max_envelope_size=60_000)
    with RunspacePool(client) as pool:
        invoke(pool, "Write-Output", "x" * 300_000)
    assert max(entry.answer_size for entry in lab.server.trace) <= 60_000


def test_several_pipelines_run_in_one_pool_and_keep_their_answers_apart(lab: Lab) -> None:
    with RunspacePool(lab.wsman(), min_runspaces=1, max_runspaces=5) as pool:
        shells = [pipeline(pool, "Write-Output", number) for number in range(5)]
        for shell in shells:
            shell.begin_invoke()
        assert [shell.end_invoke() for shell in reversed(shells)] == [[4], [3], [2], [1], [0]]


def test_stopping_a_pipeline_cancels_the_machines_work(lab: Lab, pool: RunspacePool) -> None:
    shell = pipeline(pool, "Wait")
    shell.begin_invoke()
    shell.stop()
    assert shell.state == PSInvocationState.STOPPED
    assert lab.machine.stopped == 1
    assert invoke(pool, "Write-Output", "still here").output == ["still here"]


def test_a_stopped_pipeline_reports_its_state_to_who_still_polls(pool: RunspacePool) -> None:
    shell = pipeline(pool, "Wait")
    shell.begin_invoke()
    pool.shell.signal(SignalCode.PS_CTRL_C, str(shell.id).upper())
    shell.end_invoke()
    assert shell.state == PSInvocationState.STOPPED
    assert shell.streams.error[0].fq_error == "PipelineStopped"


def test_closing_the_pool_cancels_what_runs_in_it(lab: Lab) -> None:
    with RunspacePool(lab.wsman()) as pool:
        pipeline(pool, "Wait").begin_invoke()
    assert lab.machine.stopped == 1
    assert lab.server.open_shells(lab.machine.name) == 0


def test_a_receive_that_finds_nothing_times_out_and_the_next_one_finds_it(lab: Lab, pool: RunspacePool) -> None:
    shell = pipeline(pool, "Wait")
    shell.begin_invoke()
    began = time.monotonic()
    shell.poll_invoke(timeout=1)
    assert 0.9 < time.monotonic() - began < 5
    assert shell.state == PSInvocationState.RUNNING
    lab.thread.loop.call_soon_threadsafe(lab.machine.released.set)
    assert shell.end_invoke() == ["waited"]


def test_a_long_poll_ends_as_soon_as_there_is_something(lab: Lab, pool: RunspacePool) -> None:
    shell = pipeline(pool, "Wait")
    shell.begin_invoke()
    lab.thread.loop.call_soon_threadsafe(lab.thread.loop.call_later, 0.2, lab.machine.released.set)
    began = time.monotonic()
    assert shell.end_invoke() == ["waited"]
    assert time.monotonic() - began < 5


def test_the_machine_learns_session_configuration_and_application_arguments(lab: Lab) -> None:
    pool = RunspacePool(lab.wsman(), configuration_name="Restricted")
    pool.open(application_arguments={"lane": "7"})
    invoke(pool, "Write-Output", 1)
    pool.close()
    session = lab.machine.sessions[0]
    assert session.configuration == "Restricted"
    assert session.application_arguments == {"lane": "7"}
    assert session.shell_id == pool.id.upper()


def test_an_unknown_session_configuration_is_refused(lab: Lab) -> None:
    with pytest.raises(WSManFaultError) as caught:
        RunspacePool(lab.wsman(), configuration_name="Nowhere").open()
    assert caught.value.code == 2150858811


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3"])
def test_each_protocol_version_is_negotiated_and_works(serve: Serve, version: str) -> None:
    lab = serve(machine=EchoMachine(protocol_version=version))
    with RunspacePool(lab.wsman()) as pool:
        assert pool.protocol_version == version
        assert invoke(pool, "Write-Output", version).output == [version]


def test_each_release_of_a_whole_lab_speaks_its_own_version(tmp_path: Path) -> None:
    versions = {"2008 R2": "2.1", "2012": "2.2", "2012 R2": "2.2", "2016": "2.3", "2025": "2.3"}
    hosts = [host(f"HV{number}", release) for number, release in enumerate(versions)]
    spoken = {}
    with LabThread(read_topology({"version": 1, "hosts": hosts}, "releases.yaml"), directory=tmp_path) as running:
        names = {one["computer_name"]: one for one in running.document["endpoints"] if one["scheme"] == "http"}
        for number, release in enumerate(versions):
            place = names[f"HV{number}"]
            identity = {"username": place["username"], "password": place["password"], "auth": "ntlm"}
            with (
                WSMan(place["address"], port=place["port"], ssl=False, no_proxy=True, **identity) as client,
                RunspacePool(client) as pool,
            ):
                shell = PowerShell(pool)
                shell.add_cmdlet("Get-VMHost")
                assert len(shell.invoke()) == 1, shell.streams.error
                spoken[release] = pool.protocol_version
    assert spoken == versions


@pytest.mark.parametrize(("spread", "receives"), [(1, 1), (2, 2), (3, 3)])
def test_an_open_takes_as_many_receives_as_the_host_is_set_to(serve: Serve, spread: int, receives: int) -> None:
    lab = serve(limits=Limits(open_receives=spread))
    with RunspacePool(lab.wsman()):
        assert lab.counters.requests["Receive"] == receives


def test_runspaces_are_counted_set_and_reset(pool: RunspacePool) -> None:
    assert pool.get_available_runspaces() == 1
    pool.max_runspaces = 3
    assert pool.get_available_runspaces() == 3
    pool.max_runspaces = 1
    pool.reset_runspace_state()


def test_is_alive_follows_the_shell(lab: Lab, pool: RunspacePool) -> None:
    assert pool.is_alive() is True
    lab.thread.loop.call_soon_threadsafe(lab.server.kill_shells, lab.machine.name)
    assert pool.is_alive() is False


def test_a_pool_can_be_left_and_taken_up_again_by_the_same_client(lab: Lab) -> None:
    with RunspacePool(lab.wsman()) as pool:
        shell = pipeline(pool, "Wait", "0.2")
        shell.begin_invoke()
        pool.disconnect()
        pool.connect()
        shell.connect()
        assert shell.output == ["waited"]


def test_another_client_of_the_same_user_finds_and_takes_up_a_pool_that_was_left(lab: Lab) -> None:
    first = RunspacePool(lab.wsman())
    first.open()
    pipeline(first, "Write-Output", "left behind").begin_invoke()
    first.disconnect()
    (found,) = RunspacePool.get_runspace_pools(lab.wsman())
    assert found.id.upper() == first.id.upper()
    found.connect()
    (shell,) = found.create_disconnected_power_shells()
    shell.connect()
    assert shell.output == ["left behind"]
    assert invoke(found, "Write-Output", "and on").output == ["and on"]
    found.close()
    assert first.state == RunspacePoolState.DISCONNECTED


def test_a_pool_in_use_cannot_be_taken_by_another_client(lab: Lab, pool: RunspacePool) -> None:
    (found,) = RunspacePool.get_runspace_pools(lab.wsman())
    with pytest.raises(WSManFaultError) as caught:
        found.connect()
    assert caught.value.code == 2150859213
    assert pool.is_alive()


def test_host_calls_are_answered_by_a_client_that_has_a_host(lab: Lab) -> None:
    class Interface(PSHostUserInterface):
        def ReadLine(self, runspace: object, pipeline: object) -> str:
            return "typed by hand"

    host = PSHost(None, None, False, None, None, Interface(), None)
    with RunspacePool(lab.wsman(), host=host) as pool:
        assert invoke(pool, "Read-Host").output == ["typed by hand"]


def test_host_calls_fail_for_a_client_without_a_host(pool: RunspacePool) -> None:
    shell = invoke(pool, "Read-Host")
    assert shell.state == PSInvocationState.FAILED
    assert "does not support user interaction" in str(shell.streams.error[0])


def test_streams_merged_into_output_arrive_there(pool: RunspacePool) -> None:
    shell = pipeline(pool, "Write-Error", "merged")
    shell.merge_error("output")
    (record,) = shell.invoke()
    assert record.fq_error == "Echo,Microsoft.PowerShell.Commands.EchoCommand"
    assert shell.streams.error == []


def test_command_metadata_is_asked_of_get_command_twice(lab: Lab, pool: RunspacePool) -> None:
    with pytest.raises(IndexError):
        pool.get_command_metadata("Get-VM*")
    names = [[call.name for call in chain] for chain in lab.machine.seen[0].statements]
    assert names == [["Get-Command", "Measure-Object", "Select-Object"], ["Get-Command", "Select-Object"]]


def test_too_many_shells_are_refused_until_one_is_closed(serve: Serve) -> None:
    lab = serve(limits=Limits(max_shells_per_user=2))
    with RunspacePool(lab.wsman()), RunspacePool(lab.wsman()):
        with pytest.raises(WSManFaultError) as caught:
            RunspacePool(lab.wsman()).open()
        assert (caught.value.code, "maximum number of concurrent shells" in str(caught.value)) == ("w:QuotaLimit", True)
    with RunspacePool(lab.wsman()):
        assert lab.server.open_shells(lab.machine.name) == 1


def test_pipelines_that_were_never_closed_use_up_the_shell_and_closed_ones_do_not(serve: Serve) -> None:
    lab = serve(limits=Limits(max_commands_per_shell=3))
    with RunspacePool(lab.wsman()) as pool:
        for number in range(5):
            with PowerShell(pool) as shell:
                shell.add_cmdlet("Write-Output").add_argument(number)
                shell.invoke()
        for number in range(3):
            invoke(pool, "Write-Output", number)
        with pytest.raises(WSManFaultError) as caught:
            invoke(pool, "Write-Output", 4)
        assert "maximum number of concurrent commands per shell" in str(caught.value)


def test_a_quota_is_told_by_number_on_an_old_windows(serve: Serve) -> None:
    lab = serve(machine=EchoMachine(protocol_version="2.1"), limits=Limits(max_shells_per_user=1))
    with RunspacePool(lab.wsman()):
        with pytest.raises(WSManFaultError) as caught:
            RunspacePool(lab.wsman()).open()
        assert caught.value.code == 2150859173


def test_a_command_shell_gives_no_operation_back_before_it_closes(serve: Serve) -> None:
    lab = serve(limits=Limits(max_operations_per_user=3))
    client = lab.wsman()
    with WinRS(client) as shell:
        for number in range(3):
            process = Process(shell, "echo", [str(number)])
            process.invoke()
            process.signal(SignalCode.TERMINATE)
        with pytest.raises(WSManFaultError, match="maximum number of concurrent operations"):
            Process(shell, "echo", ["4"]).invoke()
    with WinRS(client) as shell:
        Process(shell, "echo", ["5"]).invoke()


def test_a_waiting_receive_counts_as_an_operation(serve: Serve) -> None:
    lab = serve(limits=Limits(max_operations_per_user=1))
    with RunspacePool(lab.wsman()) as pool, ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(pool._receive, timeout=20)
        while lab.thread.run(_operations(lab)) == 0:
            time.sleep(0.01)
        with pytest.raises(WSManFaultError, match="maximum number of concurrent operations"):
            RunspacePool(lab.wsman()).open()
        lab.thread.loop.call_soon_threadsafe(lab.server.kill_shells, lab.machine.name)
        with pytest.raises(WSManFaultError) as caught:
            waiting.result(10)
        assert caught.value.code == 2150858843
        pool.state = RunspacePoolState.CLOSED


async def _operations(lab: Lab) -> int:
    return lab.server.waiting(lab.machine.name)


def test_a_program_reads_what_the_client_feeds_it(lab: Lab) -> None:
    with WinRS(lab.wsman()) as shell:
        process = Process(shell, "cat")
        process.begin_invoke()
        process.send(b"one ", end=False)
        process.send(b"two", end=True)
        process.end_invoke()
        assert process.stdout == b"one two"


def test_a_program_that_is_interrupted_ends_with_the_code_of_control_c(lab: Lab) -> None:
    with WinRS(lab.wsman()) as shell:
        process = Process(shell, "wait")
        process.begin_invoke()
        process.signal(SignalCode.CTRL_C)
    assert lab.machine.stopped == 1


def test_a_program_gets_code_page_environment_and_directory(lab: Lab) -> None:
    client = lab.wsman()
    with WinRS(client, codepage=65001, environment={"A": "b ü"}, working_directory="C:\\lab") as shell:
        Process(shell, "echo", ["x"], no_shell=True).invoke()
    (program,) = lab.machine.programs
    assert (program.code_page, program.environment, program.working_directory) == (65001, {"A": "b ü"}, "C:\\lab")
    assert program.skip_cmd_shell is True


def test_output_of_a_program_larger_than_an_envelope_takes_several_receives(lab: Lab) -> None:
    with WinRS(lab.wsman()) as shell:
        process = Process(shell, "big", ["1000000"])
        process.invoke()
    assert len(process.stdout) == 1_000_000
    assert lab.counters.requests["Receive"] > 5


def test_a_missing_program_without_cmd_is_refused_at_once(lab: Lab) -> None:
    with WinRS(lab.wsman()) as shell, pytest.raises(WSManFaultError) as caught:
        Process(shell, "missing", no_shell=True).invoke()
    assert caught.value.code == 2147942402


def test_a_command_line_longer_than_windows_takes_is_refused(lab: Lab) -> None:
    with WinRS(lab.wsman()) as shell, pytest.raises(WSManFaultError) as caught:
        Process(shell, "echo", ["x" * 9000]).invoke()
    assert caught.value.code == 2147942606


def test_a_user_without_rights_opens_shells_but_does_not_see_the_configuration(serve: Serve) -> None:
    lab = serve(machine=EchoMachine(accounts=(Account(USER, "ECHO", PASSWORD, administrator=False),)))
    with WinRS(lab.wsman()), RunspacePool(lab.wsman()), pytest.raises(WSManFaultError) as caught:
        lab.wsman().update_max_payload_size()
    assert caught.value.code == 5
    assert lab.counters.shells == 2


def test_an_idle_shell_is_first_disconnected_and_then_gone(loop_thread: LoopThread, tmp_path: Path) -> None:
    clock = [1000.0]
    lab = start_lab(loop_thread, tmp_path, clock=lambda: clock[0])
    try:
        pool = RunspacePool(lab.wsman(), idle_timeout=60)
        pool.open()
        clock[0] += 62
        assert pool.is_alive() is False
        assert lab.server.open_shells(lab.machine.name) == 1
        clock[0] += 60
        assert lab.server.open_shells(lab.machine.name) == 0
    finally:
        lab.close()


def test_the_clients_envelope_size_is_read_from_the_configuration(serve: Serve) -> None:
    lab = serve(limits=Limits(max_envelope_kb=150))
    client = lab.wsman()
    client.update_max_payload_size()
    assert client.max_envelope_size == 153600
