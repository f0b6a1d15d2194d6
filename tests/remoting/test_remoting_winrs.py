"""The command shell: what it costs, how its texts are read, and how it ends."""

import time
from collections.abc import Iterator

import pytest
from remoting_lab import CREDENTIAL, WRONG, Clock, Lab

from harness.core.errors import (
    AuthenticationError,
    ConnectionLostError,
    DeadlineError,
    InputError,
    Sent,
    SessionGoneError,
)
from harness.core.model import Auth
from harness.remoting import CommandShell, open_shell
from harness.sim.faults import Fault


@pytest.fixture(params=[("https", Auth.BASIC), ("http", Auth.NTLM)], ids=["https", "sealed http"])
def shell(lab: Lab, request: pytest.FixtureRequest) -> Iterator[CommandShell]:
    shell = open_shell(lab.connection(*request.param), CREDENTIAL, target="web01")
    yield shell
    shell.close()


def test_a_shell_is_opened_once_and_each_program_is_freed(lab: Lab, shell: CommandShell) -> None:
    for _ in range(2):
        result = shell.run("cscript.exe", ["//nologo", r"%windir%\System32\slmgr.vbs", "/dlv"], seconds=10)
        assert result.exit_code == 0
        assert result.stdout == "cscript.exe //nologo %windir%\\System32\\slmgr.vbs /dlv\r\n"
    shell.close()
    assert lab.requests == {"Create": 1, "Command": 2, "Receive": 2, "Signal": 2, "Delete": 1}
    assert {program.code_page for program in lab.machine.programs} == {65001}


def test_an_hresult_comes_back_signed_with_what_was_written_to_stderr(shell: CommandShell) -> None:
    result = shell.run("fail", [], seconds=10)
    assert (result.exit_code, result.stderr) == (-1073418219, "Fehler: Schlüssel ungültig\r\n")


def test_a_host_that_ignores_the_code_page_is_still_read(shell: CommandShell) -> None:
    assert shell.run("oem", [], seconds=10).stdout == "Schlüssel"


def test_the_deadline_ends_a_program_and_its_shell(lab: Lab, shell: CommandShell) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineError, match="did not end within 1 s") as caught:
        shell.run("sleep", [], seconds=1)
    assert time.monotonic() - started < 3.0
    assert (caught.value.sent, caught.value.step, caught.value.target) == (Sent.YES, "sleep", "web01")
    assert lab.machine.stopped == 1
    assert shell.run("hostname", [], seconds=10).exit_code == 0
    assert lab.requests["Create"] == 2


@pytest.mark.parametrize(("action", "sent"), [("Create", Sent.NO), ("Command", Sent.MAYBE), ("Receive", Sent.YES)])
def test_a_lost_connection_says_whether_the_program_was_sent(
    lab: Lab, shell: CommandShell, action: str, sent: Sent
) -> None:
    lab.strike(Fault("reset", "after", action=action))
    with pytest.raises(ConnectionLostError) as caught:
        shell.run("hostname", [], seconds=10)
    assert caught.value.sent is sent
    assert shell.run("hostname", [], seconds=10).exit_code == 0


def test_a_result_that_is_known_is_not_lost_with_the_cleaning_up(lab: Lab, shell: CommandShell) -> None:
    lab.strike(Fault("reset", "before", action="Signal"))
    assert shell.run("hostname", [], seconds=10).stdout == "hostname\r\n"
    assert shell.run("hostname", [], seconds=10).stdout == "hostname\r\n"
    assert lab.requests["Create"] == 2


def test_an_operation_timeout_is_asked_again(lab: Lab, shell: CommandShell) -> None:
    lab.strike(Fault("timed_out", "before", action="Receive", times=2))
    assert shell.run("hostname", [], seconds=10).exit_code == 0


def test_an_operation_timeout_of_the_command_leaves_its_fate_open(lab: Lab, shell: CommandShell) -> None:
    lab.strike(Fault("timed_out", "after", action="Command"))
    with pytest.raises(DeadlineError) as caught:
        shell.run("hostname", [], seconds=10)
    assert caught.value.sent is Sent.MAYBE


def test_a_shell_that_the_machine_has_lost_is_made_anew_at_the_next_run(lab: Lab, shell: CommandShell) -> None:
    shell.run("hostname", [], seconds=10)
    lab.on_loop(lambda: lab.server.kill_shells(lab.machine.name))
    with pytest.raises(SessionGoneError) as caught:
        shell.run("hostname", [], seconds=10)
    assert caught.value.sent is Sent.NO
    assert shell.run("hostname", [], seconds=10).exit_code == 0


def test_a_shell_is_made_anew_after_its_idle_timeout(lab: Lab) -> None:
    clock = Clock()
    shell = open_shell(lab.connection(), CREDENTIAL, target="web01", clock=clock)
    shell.run("hostname", [], seconds=10)
    clock.ahead = 575.0
    shell.run("hostname", [], seconds=10)
    shell.close()
    assert lab.requests["Create"] == 2


def test_a_wrong_password_is_told(lab: Lab) -> None:
    shell = open_shell(lab.connection(), WRONG, target="web01")
    with pytest.raises(AuthenticationError, match="labadmin"):
        shell.run("hostname", [], seconds=10)
    shell.close()


@pytest.mark.parametrize("argument", ["a&b", "a|b", "<x", ">x", "^", 'say "hi"', "100%", "%a b%", "two\nlines", "\0"])
def test_what_cmd_would_read_is_refused_before_anything_is_sent(lab: Lab, shell: CommandShell, argument: str) -> None:
    with pytest.raises(InputError, match="command shell would read"):
        shell.run("echo", [argument], seconds=10)
    assert lab.requests == {}


def test_blanks_and_variables_arrive_as_they_are(lab: Lab, shell: CommandShell) -> None:
    result = shell.run(r"C:\Program Files\x.exe", ["%windir%", "a b", ""], seconds=10)
    assert result.stdout == '"C:\\Program Files\\x.exe" %windir% "a b" ""\r\n'


def test_closing_twice_or_unopened_or_cut_off_never_raises(lab: Lab, shell: CommandShell) -> None:
    shell.close()
    shell.run("hostname", [], seconds=10)
    lab.strike(Fault("reset", "unread", times=0))
    shell.close()
    shell.close()
    assert repr(shell).endswith("closed>")


def test_a_machine_that_stalls_at_the_cleaning_up_does_not_outlive_the_deadline(lab: Lab, shell: CommandShell) -> None:
    lab.strike(Fault("stall", "before", action="Signal", seconds=20))
    started = time.monotonic()
    assert shell.run("hostname", [], seconds=1).exit_code == 0
    assert time.monotonic() - started < 3.0
