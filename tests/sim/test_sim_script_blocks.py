"""What cmdlets and machines rely on: blocks as values, the constant PowerShell Direct script, bounds, cancellation."""

import asyncio
from uuid import UUID

import pytest
from sim_script_host import KeptStreams, ScriptLab

from harness.sim.machine import Parameter, TerminatingError
from harness.sim.objects import ErrorRecord, Obj, Secure
from harness.sim.script import (
    Limits,
    ScriptBlock,
    ScriptNotSupportedError,
    ScriptParseError,
    parse,
    run_script,
)

DIRECT = """param([guid]$VMId, [pscredential]$Credential, [string]$Name, $Parameters, [string[]]$Property)
Invoke-Command -VMId $VMId -Credential $Credential -ScriptBlock {
    param($Name, $Parameters, $Property)
    $result = & $Name @Parameters
    if ($Property) { $result | Select-Object -Property $Property } else { $result }
} -ArgumentList $Name, $Parameters, $Property
"""
VM = UUID("11111111-2222-3333-4444-555555555555")
CREDENTIAL = Obj(
    ("System.Management.Automation.PSCredential", "System.Object"),
    {"UserName": "guest\\admin", "Password": Secure("secret")},
)


class DirectHost(ScriptLab):
    """A host whose Invoke-Command runs the block's text on a guest of its own, as the wire would carry it."""

    def __init__(self) -> None:
        super().__init__()
        self.guest = ScriptLab()
        self.asked: dict[str, object] = {}

    def knows(self, name: str) -> bool:
        return name.casefold() in ("invoke-command", "call-block") or super().knows(name)

    async def run_command(self, name, parameters, items, streams):  # type: ignore[no-untyped-def]
        if name.casefold() == "call-block":
            block = parameters[0].value
            return [item for one in items or [] for item in await block.invoke(underscore=one)]
        if name.casefold() != "invoke-command":
            return await super().run_command(name, parameters, items, streams)
        self.asked = {one.name: one.value for one in parameters}
        block = self.asked["ScriptBlock"]
        assert isinstance(block, ScriptBlock)
        kept = KeptStreams()
        arguments = [Parameter(None, one) for one in self.asked["ArgumentList"]]
        await run_script(block.text, arguments, None, self.guest, kept)
        for record in kept.errors:
            streams.error(record)
        return kept.outputs


def direct(name: str, parameters: object, properties: object = None) -> tuple[DirectHost, KeptStreams]:
    host, streams = DirectHost(), KeptStreams()
    given = {
        "VMId": str(VM),
        "Credential": CREDENTIAL,
        "Name": name,
        "Parameters": parameters,
        "Property": properties,
    }
    asyncio.run(run_script(DIRECT, [Parameter(*one) for one in given.items()], None, host, streams))
    return host, streams


@pytest.mark.parametrize(
    ("parameters", "call"),
    [
        ({"Name": "web"}, "Get-VM -Name web"),
        (["web"], "Get-VM web"),
        (None, "Get-VM"),
        ({"Name": "web", "Force": True}, "Get-VM -Name web -Force True"),
        ({}, "Get-VM"),
    ],
    ids=["table", "list", "null", "table with a switch", "empty table"],
)
def test_the_constant_direct_script_calls_the_guests_command_with_its_parameters(parameters: object, call: str) -> None:
    host, streams = direct("Get-VM", parameters)
    assert host.guest.calls == [call]
    assert not host.calls, "nothing but Invoke-Command runs on the host"
    assert host.asked["VMId"] == VM
    assert host.asked["Credential"] is CREDENTIAL
    assert [one.get("Name") for one in streams.outputs][:1] == ["web"]


def test_the_constant_direct_script_projects_in_the_guest_when_properties_are_asked_for() -> None:
    host, streams = direct("Get-VM", {"Name": "web"}, ["Name", "State"])
    assert host.guest.calls == ["Get-VM -Name web", "Select-Object -Property Name,State"]
    assert [one.notes["Name"] for one in streams.outputs] == ["web"]


def test_the_constant_direct_script_puts_nothing_out_for_a_command_without_output() -> None:
    _, streams = direct("Get-VM", {"Name": "gone"})
    assert streams.outputs == []
    assert [record.fq_id for record in streams.errors] == [
        "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM"
    ]


def test_the_constant_direct_script_refuses_a_credential_that_is_text() -> None:
    with pytest.raises(TerminatingError) as caught:
        asyncio.run(run_script(DIRECT, [Parameter("Credential", "admin")], None, DirectHost(), KeptStreams()))
    assert caught.value.record.fq_id == "ParameterArgumentTransformationError"


def test_a_cmdlet_calls_a_block_per_object_in_the_scope_it_was_written_in() -> None:
    streams = KeptStreams()
    text = "$_ = 'outer'; $n = 10; 1, 2 | Call-Block { $n += $_; $n }; $n; $_"
    asyncio.run(run_script(text, [], None, DirectHost(), streams))
    assert streams.outputs == [11, 13, 13, "outer"]


def test_a_parsed_script_runs_again_and_again() -> None:
    script = parse("param($x) $x * 2")
    streams = KeptStreams()
    for value in (1, 2, 3):
        asyncio.run(run_script(script, [Parameter("x", value)], None, ScriptLab(), streams))
    assert streams.outputs == [2, 4, 6]


def test_parse_tells_line_and_column_of_a_syntax_error() -> None:
    with pytest.raises(ScriptParseError) as caught:
        parse("Get-VM\n  foreach ($x in 1) {")
    assert (caught.value.line, caught.value.record.category) == (2, 17)


def test_parse_names_a_construct_it_does_not_know_with_its_column() -> None:
    with pytest.raises(ScriptNotSupportedError) as caught:
        parse("1..3 | % { trap { 1 } }")
    assert (caught.value.construct, caught.value.line, caught.value.column) == ("trap_statement", 1, 12)


def test_positions_count_in_the_text_as_written_behind_a_rewritten_range() -> None:
    with pytest.raises(ScriptNotSupportedError) as caught:
        parse("foreach ($i in 1..3) { 5GB/2 }; trap { 1 }")
    assert (caught.value.construct, caught.value.column) == ("trap_statement", 33)


@pytest.mark.parametrize("text", ["(" * 400 + "1" + ")" * 400, "+1" * 5000, "{" * 300 + "}" * 300, "1" + "+1" * 3000])
def test_a_script_nested_too_deeply_is_refused_and_does_not_overflow(text: str) -> None:
    with pytest.raises((ScriptNotSupportedError, ScriptParseError)):
        parse(text)


def test_an_endless_loop_can_be_cancelled() -> None:
    async def stopped() -> None:
        endless = run_script("while ($true) { }", [], None, ScriptLab(), KeptStreams(), limits=Limits(steps=10**9))
        await asyncio.wait_for(endless, timeout=0.05)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(stopped())


def test_a_block_that_is_put_out_leaves_as_its_text() -> None:
    streams = KeptStreams()
    asyncio.run(run_script("{ Get-VM }; @{ b = { 1 } }; [int]", [], None, ScriptLab(), streams))
    assert streams.outputs == [" Get-VM ", {"b": " 1 "}, "int"]


def test_a_machines_own_variables_are_seen_and_cannot_be_overwritten() -> None:
    streams = KeptStreams()
    script = '$PSVersionTable.PSVersion; $Who; $PSVersionTable = 1; $true = 0; $null = 5; "[$null]"'
    automatic = {"PSVersionTable": {"PSVersion": "7.4"}, "Who": "me"}
    asyncio.run(run_script(script, [], None, ScriptLab(), streams, automatic=automatic))
    assert streams.outputs == ["7.4", "me", "[]"]
    assert [record.fq_id for record in streams.errors] == ["VariableNotWritable"] * 2


def test_a_foreign_terminating_error_ends_the_statement_and_is_an_error_record_in_the_catch() -> None:
    streams = KeptStreams()
    asyncio.run(run_script("try { Stop-Lab } catch { $_ }", [], None, ScriptLab(), streams))
    assert isinstance(streams.outputs[0], ErrorRecord)


def test_a_session_keeps_variables_and_functions_but_not_arguments_from_script_to_script() -> None:
    variables: dict[str, object] = {"lastexitcode": 3}
    streams = KeptStreams()
    for text in ("param($p) $x = 1; function Twice($n) { $n * 2 }; $LASTEXITCODE", "Twice $x; $args.Count; $p"):
        asyncio.run(run_script(text, [Parameter(None, 7)], None, ScriptLab(), streams, variables=variables))
    assert streams.outputs == [3, 2, 1, 7]
    assert variables["x"] == 1
    assert "args" not in variables
