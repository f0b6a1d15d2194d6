"""The scripted sessions keep the rules that the real ones keep."""

import json
from datetime import UTC, datetime

import pytest

from harness.core.errors import ConnectError
from harness.remoting import Statement, cmd
from harness.remoting.decode import EnumValue, RemoteObject
from harness.remoting.fake import Answer, FakeSession, FakeShell, error, turns
from harness.remoting.session import ShellResult

SELECT = cmd("Select-Object", Property=["Name", "State", "Missing"])
JSON = cmd("ConvertTo-Json", Compress=True, Depth=3)
VMS = [{"Name": "web01", "State": EnumValue("Running", 2), "Extra": 1}, {"Name": "web02", "State": None}]


def test_a_projected_statement_answers_with_exactly_the_properties_asked_for():
    session = FakeSession({"Get-VM": VMS})
    output = session.run([cmd("Get-VM") | SELECT | JSON], seconds=3).output
    assert json.loads(str(output[0])) == [
        {"Name": "web01", "State": 2, "Missing": None},
        {"Name": "web02", "State": None, "Missing": None},
    ]


def test_one_object_is_not_wrapped_in_an_array_and_none_says_nothing():
    session = FakeSession({"Get-VM": VMS[:1], "Get-VMHost": []})
    result = session.run([cmd("Get-VM") | SELECT | JSON, cmd("Get-VMHost") | SELECT | JSON], seconds=3)
    assert len(result.output) == 1
    assert json.loads(str(result.output[0]))["Name"] == "web01"


def test_without_json_the_rows_arrive_as_objects():
    result = FakeSession({"get-vm": VMS}).run([cmd("Get-VM") | SELECT], seconds=3)
    first = result.output[0]
    assert isinstance(first, RemoteObject)
    assert first.get("STATE") == EnumValue("Running", 2)


def test_dates_are_written_as_windows_powershell_writes_them():
    session = FakeSession({"Get-Date": [{"Name": datetime(1970, 1, 2, tzinfo=UTC)}]})
    assert "/Date(86400000)/" in str(session.run([cmd("Get-Date") | SELECT | JSON], seconds=1).output[0])


def test_a_terminating_answer_silences_the_statements_after_it():
    session = FakeSession({"Get-A": Answer(errors=[error("Boom")], terminating=True), "Get-B": ["b"]})
    result = session.run([Statement((cmd("Get-A"),)), Statement((cmd("Get-B"),))], seconds=3)
    assert result.failed
    assert result.output == ()


def test_a_non_terminating_answer_lets_the_rest_speak():
    session = FakeSession({"Get-A": Answer(errors=[error("Boom,Cmd")]), "Get-B": ["b"]})
    result = session.run([Statement((cmd("Get-A"),)), Statement((cmd("Get-B"),))], seconds=3)
    assert (result.failed, result.output, result.errors[0].error_id) == (False, ("b",), "Boom")


def test_a_command_that_nobody_scripted_is_not_found():
    result = FakeSession({}).run([Statement((cmd("Get-Nothing"),))], seconds=3)
    assert result.failed
    assert result.errors[0].fq_id == "CommandNotFoundException"


def test_answers_may_come_in_turns_and_may_be_exceptions():
    session = FakeSession([(lambda s: s.commands[0].name == "Get-A", turns(ConnectError("Refused."), ["late"]))])
    ask = [Statement((cmd("Get-A"),))]
    with pytest.raises(ConnectError):
        session.run(ask, seconds=1)
    assert session.run(ask, seconds=2).output == ("late",)
    assert session.run(ask, seconds=2).output == ("late",)
    assert session.seconds == [1, 2, 2]


def test_it_remembers_what_was_run_with_which_parameters():
    session = FakeSession({"Get-VM": []})
    with session:
        session.run([Statement((cmd("Get-VM", Id="a"),))], seconds=1)
    assert session.commands == ["Get-VM"]
    assert session.calls("get-vm")[0].parameters == {"Id": "a"}
    assert session.closed


def test_the_scripted_shell_answers_by_a_part_of_the_line():
    shell = FakeShell({"/dlv": ShellResult(0, "Name", ""), "/ato": ConnectError("Refused.")})
    with shell:
        assert shell.run("cscript.exe", ["slmgr.vbs", "/DLV"], seconds=1).stdout == "Name"
        assert shell.run("nope.exe", [], seconds=1).exit_code == 1
        with pytest.raises(ConnectError):
            shell.run("cscript.exe", ["/ato"], seconds=1)
    assert shell.ran == ["cscript.exe slmgr.vbs /DLV", "nope.exe", "cscript.exe /ato"]
    assert shell.closed
