"""The PowerShell session against the simulated machine: what it costs, what it carries, how it ends."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from remoting_lab import CREDENTIAL, PASSWORD, USER, Clock, Lab

from harness.core.errors import ConnectionLostError, DeadlineError, InputError, QuotaError, Sent, SessionGoneError
from harness.core.model import Auth
from harness.remoting import Command, EnumValue, PowerShellSession, RemoteObject, Statement, cmd, open_powershell
from harness.remoting._opening import resolve
from harness.remoting._psrp import PsrpSession
from harness.sim.faults import Fault

NASTY = "hé😀\n\t_x0041_ _X000A_ <&>\"' ]]> \x7f\x85"


def ask(*commands: Command) -> list[Statement]:
    return [Statement((command,)) for command in commands]


@pytest.fixture
def session(lab: Lab) -> Iterator[PowerShellSession]:
    with open_powershell(lab.connection(), CREDENTIAL, target="hv01") as session:
        yield session


def test_opening_costs_create_and_the_receives_that_windows_needs_and_a_pipeline_two_requests(
    lab: Lab, session: PowerShellSession
) -> None:
    assert lab.requests == {}
    session.run(ask(cmd("Write-Output", "a")), seconds=10)
    assert lab.requests == {"Create": 1, "Receive": 3, "Command": 1}
    session.run(ask(*[cmd("Write-Output", str(n)) for n in range(12)]), seconds=10)
    assert lab.requests == {"Create": 1, "Receive": 4, "Command": 2}
    session.close()
    assert lab.requests == {"Create": 1, "Receive": 4, "Command": 2, "Delete": 1}
    assert lab.connections == 1


def test_values_arrive_as_the_types_that_were_sent(lab: Lab, session: PowerShellSession) -> None:
    moment = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    values: list[Any] = [
        NASTY,
        True,
        None,
        5,
        2**40,
        1.5,
        UUID(int=7),
        b"\x00\xff",
        ["a", 1],
        ("b",),
        {"k": [1]},
        moment,
    ]
    session.run([Statement((Command("Write-Output", {"Named": True}, tuple(values)),))], seconds=10)
    sent = [parameter.value for parameter in lab.machine.invocations[0].statements[0][0].parameters]
    assert sent == [
        True,
        NASTY,
        True,
        None,
        5,
        2**40,
        1.5,
        UUID(int=7),
        b"\x00\xff",
        ["a", 1],
        ["b"],
        {"k": [1]},
        moment.isoformat(),
    ]


def test_values_come_back_as_plain_python(session: PowerShellSession) -> None:
    values = (NASTY, True, None, 5, UUID(int=7), b"\x00\xff", ["a", 1], {"k": {"n": 1}})
    output = session.run(ask(Command("Write-Output", arguments=values)), seconds=10).output
    assert output == (NASTY, True, None, 5, str(UUID(int=7)), b"\x00\xff", ["a", 1], {"k": {"n": 1}})


def test_a_complex_object_keeps_its_enum_and_merges_real_properties_with_notes(session: PowerShellSession) -> None:
    (thing,) = session.run(ask(cmd("Get-Thing")), seconds=10).output
    assert isinstance(thing, RemoteObject)
    assert thing.types[0] == "Microsoft.HyperV.PowerShell.VirtualMachine"
    assert thing.properties["State"] == EnumValue("Running", 2)
    assert (thing.get("NAME"), thing.get("memory"), thing.text) == ("web01", 2**40, "VirtualMachine (web01)")


def test_named_and_positional_arguments_and_the_pipe_reach_the_machine_as_written(
    lab: Lab, session: PowerShellSession
) -> None:
    statement = cmd("Write-Output", "x", Name="n") | cmd("Select-Object", Property=["A", "B"]) | cmd("Sort-Object")
    session.run([statement, Statement((cmd("Get-Thing"),))], seconds=10)
    first, second = lab.machine.invocations[0].statements
    assert [call.name for call in first] == ["Write-Output", "Select-Object", "Sort-Object"]
    assert [(p.name, p.value) for p in first[0].parameters] == [("Name", "n"), (None, "x")]
    assert [(p.name, p.value) for p in first[1].parameters] == [("Property", ["A", "B"])]
    assert [call.name for call in second] == ["Get-Thing"]
    assert not any(call.is_script for call in (*first, *second))


def test_a_non_terminating_error_is_read_though_the_pipeline_completed(session: PowerShellSession) -> None:
    result = session.run(ask(cmd("Write-Error", "first"), cmd("Write-Output", "after")), seconds=10)
    assert (result.failed, result.output) == (False, ("after",))
    (error,) = result.errors
    assert (error.error_id, error.command, error.message) == ("Boom", "Demo.BoomCommand", "first")
    assert (error.category, error.target) == ("ObjectNotFound", "thing")
    assert error.exception_type == "Microsoft.Management.Infrastructure.CimException"
    assert error.hresult == -1073422310 & 0xFFFFFFFF


def test_a_terminating_error_fails_the_pipeline_and_silences_the_rest(session: PowerShellSession) -> None:
    result = session.run(ask(cmd("Write-Output", "a"), cmd("Throw", "end"), cmd("Write-Output", "b")), seconds=10)
    assert (result.failed, result.output, result.errors[-1].message) == (True, ("a",), "end")


def test_a_failed_pipeline_leaves_the_session_open(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Throw", "end")), seconds=10)
    assert session.run(ask(cmd("Write-Output", "a")), seconds=10).output == ("a",)
    assert lab.requests["Create"] == 1


def test_warnings_are_kept_and_the_streams_nobody_reads_do_no_harm(session: PowerShellSession) -> None:
    result = session.run(ask(cmd("Write-Warning", "careful")), seconds=10)
    assert (result.warnings, result.output, result.errors) == (("careful",), (), ())


def test_a_json_text_of_a_megabyte_arrives_whole(lab: Lab, session: PowerShellSession) -> None:
    text = json.dumps([{"Name": f"vm {number:05}", "Note": NASTY} for number in range(12_000)])
    assert len(text) > 1_000_000
    assert session.run(ask(cmd("Write-Output", text)), seconds=30).output == (text,)
    assert lab.requests["Command"] == 1
    assert lab.requests["Send"] >= 2


def test_a_credential_and_a_secure_string_travel_under_a_key_agreed_once(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Write-Output", "plain")), seconds=10)
    assert "Send" not in lab.requests
    for _ in range(2):
        output = session.run(ask(cmd("Show-Credential", CREDENTIAL), cmd("Write-Output", SecretStr("kéy"))), seconds=10)
        assert output.output == (f"{USER}/{PASSWORD}", "kéy")
    assert lab.requests["Send"] == 1


def test_a_secret_inside_a_table_is_seen(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Get-Thing", Table={"deep": [SecretStr("x")]})), seconds=10)
    assert lab.requests["Send"] == 1


@pytest.mark.parametrize("value", [object(), Auth.BASIC, {1, 2}, 2**70, float("nan"), "\ud800", datetime(2026, 1, 1)])
def test_what_cannot_be_sent_is_refused_before_anything_is(lab: Lab, session: PowerShellSession, value: object) -> None:
    with pytest.raises(InputError, match="cannot be sent as a parameter"):
        session.run(ask(cmd("Write-Output", value)), seconds=10)
    assert lab.requests == {}


def test_an_empty_pipeline_is_refused(session: PowerShellSession) -> None:
    with pytest.raises(InputError):
        session.run([], seconds=10)


def test_a_jea_endpoint_is_opened_by_its_configuration(lab: Lab) -> None:
    with open_powershell(lab.connection(configuration="AvmaRole"), CREDENTIAL, target="hv01") as session:
        session.run(ask(cmd("Write-Output", "a")), seconds=10)
    assert lab.machine.sessions[0].configuration == "AvmaRole"


def test_the_deadline_ends_a_pipeline_stops_it_and_the_next_run_makes_a_new_session(
    lab: Lab, session: PowerShellSession
) -> None:
    session.run(ask(cmd("Write-Output", "a")), seconds=10)
    started = time.monotonic()
    with pytest.raises(DeadlineError, match=r"did not end within 1 s") as caught:
        session.run(ask(cmd("Start-Sleep", 30)), seconds=1)
    assert 0.9 < time.monotonic() - started < 3.0
    assert (caught.value.sent, caught.value.target, caught.value.step) == (Sent.YES, "hv01", "Start-Sleep")
    assert lab.machine.stopped == 1
    assert (lab.requests["Signal"], lab.requests["Delete"]) == (1, 1)
    assert session.run(ask(cmd("Write-Output", "b")), seconds=10).output == ("b",)
    assert lab.requests["Create"] == 2


def test_the_deadline_holds_when_the_machine_falls_silent(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Write-Output", "a")), seconds=10)
    lab.strike(Fault("stall", "after", action="Receive", times=0, seconds=20))
    started = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        session.run(ask(cmd("Write-Output", "b")), seconds=1)
    assert time.monotonic() - started < 3.0
    assert caught.value.sent is Sent.YES


def test_the_deadline_covers_opening(lab: Lab, session: PowerShellSession) -> None:
    lab.strike(Fault("stall", "before", action="Create", times=0, seconds=20))
    started = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        session.run(ask(cmd("Write-Output", "b")), seconds=1)
    assert time.monotonic() - started < 3.0
    assert caught.value.sent is Sent.NO


def test_a_drip_of_bytes_does_not_extend_the_deadline(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Write-Output", "a")), seconds=10)
    lab.strike(Fault("drip", "after", action="Receive", times=1, seconds=30))
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        session.run(ask(cmd("Write-Output", "b")), seconds=1)
    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize(
    ("action", "phase", "sent"),
    [
        ("Create", "before", Sent.NO),
        ("Create", "after", Sent.NO),
        ("Command", "before", Sent.MAYBE),
        ("Command", "after", Sent.MAYBE),
        ("Receive:Write-Output", "before", Sent.YES),
        ("Receive:Write-Output", "after", Sent.YES),
    ],
)
def test_a_lost_connection_says_whether_the_pipeline_was_sent_and_the_next_run_starts_anew(
    lab: Lab, session: PowerShellSession, action: str, phase: str, sent: Sent
) -> None:
    lab.strike(Fault("reset", phase, action=action))
    with pytest.raises(ConnectionLostError) as caught:
        session.run(ask(cmd("Write-Output", "a")), seconds=10)
    assert caught.value.sent is sent
    assert session.run(ask(cmd("Write-Output", "b")), seconds=10).output == ("b",)
    assert lab.requests["Create"] == 2


def test_a_session_that_the_machine_has_lost_is_told_apart_and_made_anew(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Write-Output", "a")), seconds=10)
    lab.on_loop(lambda: lab.server.kill_shells(lab.machine.name))
    with pytest.raises(SessionGoneError) as caught:
        session.run(ask(cmd("Write-Output", "b")), seconds=10)
    assert caught.value.sent is Sent.NO
    assert session.run(ask(cmd("Write-Output", "c")), seconds=10).output == ("c",)
    assert [i.statements[0][0].parameters[0].value for i in lab.machine.invocations] == ["a", "c"]


def test_a_session_lost_under_a_running_pipeline_leaves_its_fate_open(lab: Lab, session: PowerShellSession) -> None:
    lab.strike(Fault("shell_killed", "before", action="Receive:Write-Output"))
    with pytest.raises(SessionGoneError) as caught:
        session.run(ask(cmd("Write-Output", "b")), seconds=10)
    assert caught.value.sent is Sent.YES


def test_a_quota_refusal_is_no_doubt_and_says_which_quota(lab: Lab, session: PowerShellSession) -> None:
    lab.strike(Fault("quota_shells", action="Create"))
    with pytest.raises(QuotaError, match=r"too many shells open there \(0x803381A5\)") as caught:
        session.run(ask(cmd("Write-Output", "b")), seconds=10)
    assert caught.value.sent is Sent.NO
    assert session.run(ask(cmd("Write-Output", "b")), seconds=10).output == ("b",)


def test_an_operation_timeout_of_the_command_leaves_its_fate_open(lab: Lab, session: PowerShellSession) -> None:
    lab.strike(Fault("timed_out", "after", action="Command"))
    with pytest.raises(DeadlineError, match="gave up waiting") as caught:
        session.run(ask(cmd("Write-Output", "b")), seconds=10)
    assert caught.value.sent is Sent.MAYBE


def test_an_operation_timeout_of_a_receive_is_asked_again(lab: Lab, session: PowerShellSession) -> None:
    lab.strike(Fault("timed_out", "before", action="Receive:Write-Output", times=3))
    assert session.run(ask(cmd("Write-Output", "b")), seconds=10).output == ("b",)
    assert lab.requests["Receive"] == 2 + 4


def build(lab: Lab, clock: Clock, **more: Any) -> PsrpSession:
    made = open_powershell(
        lab.connection(more.pop("scheme", "https"), more.pop("auth", Auth.BASIC)),
        CREDENTIAL,
        target="hv01",
        clock=clock,
        resolver=resolve,
    )
    assert isinstance(made, PsrpSession)
    return PsrpSession(made._transport, target="hv01", clock=clock, **more)


def test_the_shell_is_made_anew_before_the_machine_counts_too_many_commands(lab: Lab) -> None:
    with build(lab, Clock(), pipelines_per_shell=5) as session:
        for number in range(11):
            assert session.run(ask(cmd("Write-Output", number)), seconds=10).output == (number,)
    assert lab.requests == {"Create": 3, "Receive": 6 + 11, "Command": 11, "Delete": 3}


def test_the_shell_is_made_anew_after_its_idle_timeout(lab: Lab) -> None:
    clock = Clock()
    with build(lab, clock, idle_seconds=600) as session:
        session.run(ask(cmd("Write-Output", 1)), seconds=10)
        clock.ahead += 575
        assert session.run(ask(cmd("Write-Output", 2)), seconds=10).output == (2,)
    assert lab.requests["Create"] == 2


@pytest.mark.parametrize(("scheme", "auth"), [("http", Auth.NTLM), ("https", Auth.NTLM), ("https", Auth.BASIC)])
def test_a_connection_idle_for_long_is_made_anew_and_the_shell_is_kept(lab: Lab, scheme: str, auth: Auth) -> None:
    clock = Clock()
    with build(lab, clock, scheme=scheme, auth=auth) as session:
        session.run(ask(cmd("Write-Output", 1)), seconds=10)
        clock.ahead += 130
        assert session.run(ask(cmd("Write-Output", 2)), seconds=10).output == (2,)
        assert lab.connections == 2
    assert lab.requests["Create"] == 1


def test_the_machine_is_told_how_long_to_keep_an_orphan(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Write-Output", 1)), seconds=10)
    lab.clock.ahead = 1190.0  # the lab disconnects a shell after its idle timeout and deletes it after a second one
    assert lab.on_loop(lambda: lab.server.open_shells(lab.machine.name)) == 1
    lab.clock.ahead = 1210.0
    assert lab.on_loop(lambda: lab.server.open_shells(lab.machine.name)) == 0


def test_closing_never_raises_for_a_machine_that_is_gone(lab: Lab, session: PowerShellSession) -> None:
    session.run(ask(cmd("Write-Output", 1)), seconds=10)
    lab.strike(Fault("reset", "unread", times=0))
    session.close()
    session.close()


def test_an_interrupt_leaves_a_session_that_can_be_closed_and_used(
    lab: Lab, session: PowerShellSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.run(ask(cmd("Write-Output", 1)), seconds=10)
    assert isinstance(session, PsrpSession)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    pool = session._pool
    assert pool is not None
    with monkeypatch.context() as patch:
        patch.setattr(pool, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            session.run(ask(cmd("Write-Output", 2)), seconds=10)
    assert session.run(ask(cmd("Write-Output", 3)), seconds=10).output == (3,)
    assert (lab.requests["Create"], lab.requests["Delete"]) == (2, 1)


def test_its_repr_tells_its_state_and_no_secret(lab: Lab, session: PowerShellSession) -> None:
    assert repr(session) == f"<PsrpSession hv01 127.0.9.7:{lab.https_port} closed>"
    session.run(ask(cmd("Write-Output", 1)), seconds=10)
    assert repr(session).endswith("open, 1 pipelines>")


def test_lanes_side_by_side_share_nothing_that_breaks(lab: Lab) -> None:
    def lane(number: int) -> list[object]:
        auth = (Auth.NTLM, Auth.BASIC, Auth.NEGOTIATE)[number % 3]
        scheme = "https" if auth is Auth.BASIC else ("http", "https")[number % 2]
        with open_powershell(lab.connection(scheme, auth), CREDENTIAL, target=f"hv{number}") as session:
            return [session.run(ask(cmd("Write-Output", number, turn)), seconds=30).output for turn in range(4)]

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lane, range(20)))
    assert answers == [[(number, turn) for turn in range(4)] for number in range(20)]
    assert (lab.requests["Create"], lab.requests["Delete"], lab.connections) == (20, 20, 20)


def test_a_machine_that_stalls_at_the_renewal_of_the_shell_does_not_outlive_the_deadline(lab: Lab) -> None:
    with build(lab, Clock(), pipelines_per_shell=1) as session:
        session.run(ask(cmd("Write-Output", 1)), seconds=10)
        lab.strike(Fault("stall", "before", action="Delete", seconds=20))
        assert session.run(ask(cmd("Write-Output", 2)), seconds=2).output == (2,)


def test_a_pipeline_that_would_not_be_waited_for_is_not_begun(lab: Lab) -> None:
    clock = Clock()

    def resolver(name: str, port: int) -> Any:
        clock.ahead += 1.2  # past the deadline, within the grace that an answer has
        return resolve(name, port)

    connection = lab.connection()
    session = open_powershell(connection, CREDENTIAL, target="hv01", clock=clock, resolver=resolver)
    with pytest.raises(DeadlineError, match=r"was not open within 1 s") as caught:
        session.run(ask(cmd("Write-Output", 2)), seconds=1)
    assert caught.value.sent is Sent.NO
    assert lab.machine.invocations == []
    session.close()
