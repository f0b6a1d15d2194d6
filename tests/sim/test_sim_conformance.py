"""Responses field by field, against what real Windows was recorded to send.

Each test names the public recording it rests on: a file of jborean93/pypsrp (tests/tests_pypsrp/responses or
tests/responses, read 2026-11-22), unless another project is named. ``unanchored`` in a test's name says that no
recording was found, only a specification or nothing at all. Conformance to a recording is not equality with Windows.
"""

import base64
import http.client
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sim_protocol_lab import Lab, LoopThread, start_lab
from sim_wire import (
    CMD,
    ENUMERATION,
    GUID,
    POWERSHELL,
    SHELL,
    TRANSFER,
    Answer,
    PoolClient,
    Wire,
    command_xml,
    expected,
    messages,
)

from harness.sim._echo import EchoMachine
from harness.sim.server import Limits

ADDRESSING_FAULT = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
WSMAN_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
F = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
COMMAND_ID = "356E6DC2-6889-4305-9FE6-8B03F44D7210"
GENERAL = ("System.Management.Automation.InformationalRecord", "System.Object")


@dataclass
class Setup:
    lab: Lab
    wire: Wire

    def check(
        self, answer: Answer, prefixes: str, action: str, body: str, *, status: int = 200, activity: bool = True
    ) -> re.Match[str]:
        """The whole response must match; gives the groups of ``body``."""
        assert answer.status == status
        pattern = expected(prefixes, action, body, message_id=self.wire.message_id, activity=activity)
        found = re.fullmatch(pattern, answer.text)
        assert found is not None, f"\n{answer.text}\nis not\n{pattern}"
        return found

    def fault(self, answer: Answer, action: str, code: str, text: str, detail: str) -> None:
        body = (
            f"<s:Fault><s:Code><s:Value>{code.partition('/')[0]}</s:Value><s:Subcode><s:Value>{code.partition('/')[2]}"
            f'</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>'
            f"<s:Detail>{detail}</s:Detail></s:Fault>"
        )
        self.check(answer, "s a x e n w p", action, re.escape(body), status=500)

    def wsman_detail(self, code: int, message: str, uri: str = "") -> str:
        shown = f"<w:FaultDetail>{DETAIL}/{uri}</w:FaultDetail>" if uri else ""
        return (
            f'{shown}<f:WSManFault xmlns:f="{F}" Code="{code}" Machine="{self.lab.address}">'
            f"<f:Message>{message}</f:Message></f:WSManFault>"
        )

    def cmd(self) -> str:
        found = re.search(f'Name="ShellId">({GUID})<', self.wire.create_cmd().text)
        assert found is not None
        return found.group(1)

    def pool(self) -> PoolClient:
        pool = PoolClient()
        answer = self.wire.create_pool(pool)
        assert answer.status == 200, answer.text
        found = re.search(f'Name="ShellId">({GUID})<', answer.text)
        assert found is not None
        pool.shell = found.group(1)
        for _ in range(2):
            self.wire.receive(pool.shell, POWERSHELL)
        return pool

    def run(self, name: str, *arguments: str) -> Answer:
        """Run a one-command pipeline in a new pool to its end."""
        pool = self.pool()
        command = re.search(
            f"CommandId>({GUID})<", self.wire.pipeline(pool, COMMAND_ID, command_xml(name, *arguments)).text
        )
        assert command is not None
        return self.wire.receive(pool.shell, POWERSHELL, command.group(1))


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def setup(request: pytest.FixtureRequest, loop_thread: LoopThread, tmp_path: Path) -> Iterator[Setup]:
    version, limits = getattr(request, "param", ("2.3", Limits()))
    build = {"2.1": "6.1.7601.17514", "2.2": "6.3.9600", "2.3": "10.0.14393.2248"}[version]
    lab = start_lab(loop_thread, tmp_path, EchoMachine(protocol_version=version, os_version=build), limits=limits)
    wire = Wire(lab.address, lab.http_port)
    yield Setup(lab, wire)
    wire.close()
    lab.close()


OLD = pytest.mark.parametrize("setup", [("2.1", Limits())], indirect=True, ids=["2.1"])


def created(resource: str, shell_id: str, address: str) -> str:
    return (
        f"<x:ResourceCreated><a:Address>{re.escape(address)}</a:Address><a:ReferenceParameters>"
        f'<w:ResourceURI>{re.escape(resource)}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell_id}'
        "</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
    )


def powershell_shell(shell_id: str, state: str = "Connected", more: str = "") -> str:
    return (
        f'<rsp:Shell xmlns:rsp="{SHELL}"><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>'
        f"{re.escape(POWERSHELL)}</rsp:ResourceUri><rsp:Owner>ECHO\\\\vagrant</rsp:Owner>"
        r"<rsp:ClientIP>127\.0\.0\.1</rsp:ClientIP><rsp:ProcessId>\d+</rsp:ProcessId>"
        r"<rsp:IdleTimeOut>PT7200\.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin pr</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout</rsp:OutputStreams><rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut>"
        "<rsp:Locale>en-US</rsp:Locale><rsp:DataLocale>en-US</rsp:DataLocale>"
        "<rsp:CompressionMode>NoCompression</rsp:CompressionMode><rsp:ProfileLoaded>Yes</rsp:ProfileLoaded>"
        f"<rsp:Encoding>UTF8</rsp:Encoding><rsp:BufferMode>Block</rsp:BufferMode><rsp:State>{state}</rsp:State>"
        "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity>"
        f"{more}</rsp:Shell>"
    )


LISTED = r"<rsp:MemoryUsed>\d+MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses>"


# Shells


def test_create_of_a_command_shell_as_in_test_winrs_standard(setup: Setup) -> None:
    url = f"http://{setup.lab.address}:{setup.lab.http_port}/wsman"
    body = created(CMD, f"(?P<id>{GUID})", url) + (
        f'<rsp:Shell xmlns:rsp="{SHELL}"><rsp:ShellId>(?P=id)</rsp:ShellId><rsp:ResourceUri>{re.escape(CMD)}'
        r"</rsp:ResourceUri><rsp:Owner>ECHO\\vagrant</rsp:Owner><rsp:ClientIP>127\.0\.0\.1</rsp:ClientIP>"
        r"<rsp:IdleTimeOut>PT7200\.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
        "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
    )
    setup.check(setup.wire.create_cmd(), "s a x w rsp p", f"{TRANSFER}/CreateResponse", body)


def test_create_of_a_pool_keeps_the_proposed_id_as_in_test_psrp_open_runspace(setup: Setup) -> None:
    pool = PoolClient()
    url = f"http://{setup.lab.address}:{setup.lab.http_port}/wsman"
    body = created(POWERSHELL, pool.shown, url) + powershell_shell(pool.shown)
    setup.check(setup.wire.create_pool(pool), "s a x w rsp p", f"{TRANSFER}/CreateResponse", body)


def test_an_idle_timeout_is_echoed_as_in_test_psrp_is_alive_invalid_selectors(setup: Setup) -> None:
    answer = setup.wire.create_pool(PoolClient(), "<rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut>")
    assert "<rsp:IdleTimeOut>PT60.000S</rsp:IdleTimeOut>" in answer.text


@OLD
def test_create_on_2008_r2_tells_only_a_selector_of_its_own_as_in_protocol_version_2_1(setup: Setup) -> None:
    pool = PoolClient()
    url = f"http://{setup.lab.address}:{setup.lab.http_port}/wsman"
    body = created(POWERSHELL, f"(?P<id>{GUID})", url)
    answer = setup.wire.create_pool(pool)
    found = setup.check(answer, "s a x w rsp p", f"{TRANSFER}/CreateResponse", body, activity=False)
    assert found["id"] != pool.shown


def test_delete_answers_with_an_empty_body_as_in_test_winrs_standard(setup: Setup) -> None:
    answer = setup.wire.delete(setup.cmd(), CMD)
    setup.check(answer, "s a w p", f"{TRANSFER}/DeleteResponse", "")


def test_get_of_a_shell_as_in_test_psrp_is_alive_invalid_selectors(setup: Setup) -> None:
    pool = setup.pool()
    answer = setup.wire.send(f"{TRANSFER}/Get", SHELL, shell=pool.shell)
    body = powershell_shell(pool.shell, more=LISTED)
    setup.check(answer, "s a x w p", f"{TRANSFER}/GetResponse", body)


def test_disconnect_then_enumerate_as_in_test_psrp_disconnected_commands(setup: Setup) -> None:
    pool = setup.pool()
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Wait"))
    answer = setup.wire.send(f"{SHELL}/Disconnect", POWERSHELL, "<rsp:Disconnect />", shell=pool.shell)
    setup.check(answer, "s a w p", f"{SHELL}/DisconnectResponse", "")
    ask = "<wsman:OptimizeEnumeration /><wsman:MaxElements>32000</wsman:MaxElements>"
    answer = setup.wire.send(f"{ENUMERATION}/Enumerate", SHELL, f"<wsen:Enumerate>{ask}</wsen:Enumerate>")
    empty = "<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext><w:Items>"
    end = "</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
    shell = powershell_shell(pool.shell, "Disconnected", LISTED)
    setup.check(answer, "s a n w p", f"{ENUMERATION}/EnumerateResponse", empty + shell + end)
    chosen = f'<wsman:SelectorSet><wsman:Selector Name="ShellId">{pool.shell}</wsman:Selector></wsman:SelectorSet>'
    ask += f'<wsman:Filter Dialect="http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter">{chosen}</wsman:Filter>'
    answer = setup.wire.send(f"{ENUMERATION}/Enumerate", f"{SHELL}/Command", f"<wsen:Enumerate>{ask}</wsen:Enumerate>")
    command = (
        f'<rsp:Command xmlns:rsp="{SHELL}"><rsp:CommandId>{COMMAND_ID}</rsp:CommandId><rsp:CommandLine>'
        "</rsp:CommandLine><rsp:CommandState>Running</rsp:CommandState></rsp:Command>"
    )
    setup.check(answer, "s a n w p", f"{ENUMERATION}/EnumerateResponse", empty + command + end)


def test_connect_hands_over_capability_and_runspaces_as_in_test_psrp_disconnected_commands(setup: Setup) -> None:
    pool = setup.pool()
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Wait"))
    setup.wire.send(f"{SHELL}/Disconnect", POWERSHELL, "<rsp:Disconnect />", shell=pool.shell)
    again = PoolClient(pool.id)
    capability = '<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version></MS></Obj>'
    data = base64.b64encode(again.fragment(0x00010002, capability) + again.fragment(0x00010008, "<S />")).decode()
    xml = f'<connectXml xmlns="http://schemas.microsoft.com/powershell">{data}</connectXml>'
    answer = setup.wire.send(f"{SHELL}/Connect", POWERSHELL, f"<rsp:Connect>{xml}</rsp:Connect>", shell=pool.shell)
    body = (
        "<rsp:ConnectResponse><rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout"
        '</rsp:OutputStreams><connectResponseXml xmlns="http://schemas.microsoft.com/powershell">([^<]+)'
        "</connectResponseXml></rsp:ConnectResponse>"
    )
    found = setup.check(answer, "s a x w rsp p", f"{SHELL}/ConnectResponse", body)
    sent = base64.b64decode(found[1])
    assert re.findall(rb"<(?:Version|I32) N=\"(\w+)\"", sent) == [
        b"protocolversion", b"PSVersion", b"SerializationVersion", b"MinRunspaces", b"MaxRunspaces",
    ]  # fmt: skip
    (private,) = messages(setup.wire.receive(pool.shell, POWERSHELL))
    assert private.kind == 0x00021009
    answer = setup.wire.send(
        f"{SHELL}/Connect", POWERSHELL, f'<rsp:Connect CommandId="{COMMAND_ID}" />', shell=pool.shell
    )
    setup.check(answer, "s a x w rsp p", f"{SHELL}/ConnectResponse", "<rsp:ConnectResponse/>")


def test_the_configuration_as_in_test_wsman_update_envelope_size_500(setup: Setup) -> None:
    answer = setup.wire.send(f"{TRANSFER}/Get", "http://schemas.microsoft.com/wbem/wsman/1/config")
    tags = re.findall(r"<cfg:(\w+)", answer.text)
    assert " ".join(tags) == (
        "Config MaxEnvelopeSizekb MaxTimeoutms MaxBatchItems MaxProviderRequests Client NetworkDelayms URLPrefix "
        "AllowUnencrypted Auth Basic Digest Kerberos Negotiate Certificate CredSSP DefaultPorts HTTP HTTPS "
        "TrustedHosts Service RootSDDL MaxConcurrentOperations MaxConcurrentOperationsPerUser EnumerationTimeoutms "
        "MaxConnections MaxPacketRetrievalTimeSeconds AllowUnencrypted Auth Basic Kerberos Negotiate Certificate "
        "CredSSP CbtHardeningLevel DefaultPorts HTTP HTTPS IPv4Filter IPv6Filter EnableCompatibilityHttpListener "
        "EnableCompatibilityHttpsListener CertificateThumbprint AllowRemoteAccess Winrs AllowRemoteShellAccess "
        "IdleTimeout MaxConcurrentUsers MaxShellRunTime MaxProcessesPerShell MaxMemoryPerShellMB MaxShellsPerUser"
    )
    assert "<cfg:MaxEnvelopeSizekb>500</cfg:MaxEnvelopeSizekb>" in answer.text
    assert "<cfg:MaxTimeoutms>60000</cfg:MaxTimeoutms>" in answer.text
    setup.check(answer, "s a x w p", f"{TRANSFER}/GetResponse", "<cfg:Config.*</cfg:Config>")


# Commands and streams


def test_a_program_from_command_to_signal_as_in_test_winrs_standard(setup: Setup) -> None:
    shell = setup.cmd()
    answer = setup.wire.command(shell, "cmd.exe", "/c", "echo", "hi", WINRS_SKIP_CMD_SHELL="False")
    body = f"<rsp:CommandResponse><rsp:CommandId>({GUID})</rsp:CommandId></rsp:CommandResponse>"
    command = setup.check(answer, "s a x w rsp p", f"{SHELL}/CommandResponse", body)[1]
    answer = setup.wire.receive(shell, CMD, command, "stdout stderr")
    stream = f'<rsp:Stream Name="{{}}" CommandId="{command}"'
    body = (
        f"<rsp:ReceiveResponse>{stream.format('stdout')}>([A-Za-z0-9+/=]+)</rsp:Stream>"
        f'{stream.format("stdout")} End="true"></rsp:Stream>{stream.format("stderr")} End="true"></rsp:Stream>'
        f'<rsp:CommandState CommandId="{command}" State="{SHELL}/CommandState/Done"><rsp:ExitCode>0</rsp:ExitCode>'
        "</rsp:CommandState></rsp:ReceiveResponse>"
    )
    setup.check(answer, "s a w rsp p", f"{SHELL}/ReceiveResponse", body)
    answer = setup.wire.signal(shell, CMD, command, f"{SHELL}/signal/ctrl_c")
    setup.check(answer, "s a x w rsp p", f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>")


def test_the_exit_code_and_stderr_as_in_test_winrs_stderr_rc(setup: Setup) -> None:
    shell = setup.cmd()
    command = re.search(f"CommandId>({GUID})<", setup.wire.command(shell, "fail", "1").text)
    assert command is not None
    body = setup.wire.receive(shell, CMD, command[1], "stdout stderr").body
    assert f'<rsp:Stream Name="stderr" CommandId="{command[1]}">bm8NCg==</rsp:Stream>' in body
    assert "<rsp:ExitCode>1</rsp:ExitCode>" in body


def test_partial_output_of_a_program_says_running_as_in_test_winrs_send(setup: Setup) -> None:
    shell = setup.cmd()
    command = re.search(f"CommandId>({GUID})<", setup.wire.command(shell, "big", "300000").text)
    assert command is not None
    body = setup.wire.receive(shell, CMD, command[1], "stdout stderr").body
    assert body.endswith(
        f'<rsp:CommandState CommandId="{command[1]}" State="{SHELL}/CommandState/Running"></rsp:CommandState>'
        "</rsp:ReceiveResponse>"
    )


def test_input_is_accepted_as_in_protocol_version_2_1(setup: Setup) -> None:
    shell = setup.cmd()
    command = re.search(f"CommandId>({GUID})<", setup.wire.command(shell, "cat").text)
    assert command is not None
    body = f'<rsp:Send><rsp:Stream CommandId="{command[1]}" Name="stdin" End="true">aGk=</rsp:Stream></rsp:Send>'
    answer = setup.wire.send(f"{SHELL}/Send", CMD, body, shell=shell)
    setup.check(answer, "s a x w rsp p", f"{SHELL}/SendResponse", "<rsp:SendResponse/>")


def test_a_pipelines_id_is_the_clients_as_in_test_psrp_stream_no_output_invocation(setup: Setup) -> None:
    pool = setup.pool()
    answer = setup.wire.pipeline(pool, COMMAND_ID, command_xml("Write-Output", "x"))
    body = f"<rsp:CommandResponse><rsp:CommandId>{COMMAND_ID}</rsp:CommandId></rsp:CommandResponse>"
    setup.check(answer, "s a x w rsp p", f"{SHELL}/CommandResponse", body)


@OLD
def test_a_pipelines_id_is_the_servers_on_2008_r2_as_in_protocol_version_2_1(setup: Setup) -> None:
    pool = setup.pool()
    answer = setup.wire.pipeline(pool, COMMAND_ID, command_xml("Write-Output", "x"))
    command = re.search(f"CommandId>({GUID})<", answer.text)
    assert command is not None
    assert command[1] != COMMAND_ID
    output = messages(setup.wire.receive(pool.shell, POWERSHELL, command[1]))
    assert [one.pipeline for one in output] == [UUID(COMMAND_ID)] * 2


def test_a_pipelines_output_and_end_as_in_test_psrp_long_running_cmdlet(setup: Setup) -> None:
    answer = setup.run("Write-Output", "hi")
    stream = f'<rsp:Stream Name="stdout" CommandId="{COMMAND_ID}">[A-Za-z0-9+/=]+</rsp:Stream>'
    body = (
        f'<rsp:ReceiveResponse>{stream * 2}<rsp:CommandState CommandId="{COMMAND_ID}" '
        f'State="{SHELL}/CommandState/Done"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>'
    )
    setup.check(answer, "s a w rsp p", f"{SHELL}/ReceiveResponse", body)
    output, state = messages(answer)
    assert (output.object_id, output.kind, output.clixml) == (4, 0x00041004, "<S>hi</S>")
    assert (state.object_id, state.kind) == (5, 0x00041006)
    assert state.clixml == '<Obj RefId="0"><MS><I32 N="PipelineState">4</I32></MS></Obj>'


def test_a_pipeline_that_still_runs_has_no_command_state_as_in_test_psrp_disconnected_commands(setup: Setup) -> None:
    pool = setup.pool()
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Say-AndWait", "a"))
    answer = setup.wire.receive(pool.shell, POWERSHELL, COMMAND_ID)
    assert [one.clixml for one in messages(answer)] == ["<S>a</S>"]
    assert "CommandState" not in answer.text


def test_a_pipeline_that_waits_for_the_host_is_pending_as_in_test_psrp_pshost_methods(setup: Setup) -> None:
    pool = PoolClient(has_host=True)
    setup.wire.create_pool(pool)
    pool.shell = pool.shown
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Read-Host"))
    answer = setup.wire.receive(pool.shown, POWERSHELL, COMMAND_ID)
    assert answer.body.endswith(
        f'<rsp:CommandState CommandId="{COMMAND_ID}" State="{SHELL}/CommandState/Pending"></rsp:CommandState>'
        "</rsp:ReceiveResponse>"
    )
    (call,) = messages(answer)
    assert call.kind == 0x00041100
    assert re.findall(r' N="(\w+)"', call.clixml) == ["ci", "mi", "mp"]


def test_a_stopped_pipeline_is_done_and_says_stopped_as_in_test_psrp_multiple_commands(setup: Setup) -> None:
    pool = setup.pool()
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Wait"))
    answer = setup.wire.signal(pool.shell, POWERSHELL, COMMAND_ID, "powershell/signal/crtl_c")
    setup.check(answer, "s a x w rsp p", f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>")
    (state,) = messages(setup.wire.receive(pool.shell, POWERSHELL, COMMAND_ID))
    assert '<I32 N="PipelineState">3</I32>' in state.clixml


@pytest.mark.parametrize("code", [f"{SHELL}/signal/Terminate", f"{SHELL}/signal/terminate"])
def test_terminate_of_a_finished_pipeline_as_in_test_psrp_multiple_invocations(setup: Setup, code: str) -> None:
    pool = setup.pool()
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Write-Output", "x"))
    setup.wire.receive(pool.shell, POWERSHELL, COMMAND_ID)
    answer = setup.wire.signal(pool.shell, POWERSHELL, COMMAND_ID, code)
    setup.check(answer, "s a x w rsp p", f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>")


# PSRP messages


def test_the_answers_to_an_open_as_in_test_psrp_open_runspace(setup: Setup) -> None:
    pool = PoolClient()
    setup.wire.create_pool(pool)
    answer = setup.wire.receive(pool.shown, POWERSHELL)
    stream = '<rsp:Stream Name="stdout">[A-Za-z0-9+/=]+</rsp:Stream>'
    body = f"<rsp:ReceiveResponse>{stream * 2}</rsp:ReceiveResponse>"
    setup.check(answer, "s a w rsp p", f"{SHELL}/ReceiveResponse", body)
    capability, private = messages(answer)
    assert (capability.kind, capability.object_id, capability.pool) == (0x00010002, 1, UUID(int=0))
    assert capability.clixml == (
        '<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>'
        '<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>'
    )
    assert (private.kind, private.object_id, private.pool) == (0x00021009, 2, pool.id)
    (state,) = messages(setup.wire.receive(pool.shown, POWERSHELL))
    assert (state.kind, state.object_id, state.pool) == (0x00021005, 3, pool.id)
    assert state.clixml == '<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>'
    assert {(one.destination, one.bom, one.pipeline) for one in (capability, private, state)} == {
        (1, True, UUID(int=0))
    }


def test_the_private_data_of_server_2016_as_in_test_psrp_stream_no_output_invocation(setup: Setup) -> None:
    setup.wire.create_pool(pool := PoolClient())
    private = messages(setup.wire.receive(pool.shown, POWERSHELL))[1].clixml
    primitive = (
        "<T>System.Management.Automation.PSPrimitiveDictionary</T><T>System.Collections.Hashtable</T>"
        "<T>System.Object</T></TN>"
    )
    build, versions = "5.1.14393.2248", ("1.0", "2.0", "3.0", "4.0", "5.0", "5.1.14393.2248")

    def entry(name: str, value: str) -> str:
        return f'<En><S N="Key">{name}</S>{value}</En>'

    def version(text: str) -> str:
        return f'<Version N="Value">{text}</Version>'

    table = (
        entry("PSVersion", version(build))
        + entry("PSEdition", '<S N="Value">Desktop</S>')
        + entry(
            "PSCompatibleVersions",
            '<Obj N="Value" RefId="3"><TN RefId="1"><T>System.Version[]</T><T>System.Array</T><T>System.Object</T></TN>'
            f"<LST>{''.join(f'<Version>{one}</Version>' for one in versions)}</LST></Obj>",
        )
        + entry("CLRVersion", version("4.0.30319.42000"))
        + entry("BuildVersion", version("10.0.14393.2248"))
        + entry("WSManStackVersion", version("3.0"))
        + entry("PSRemotingProtocolVersion", version("2.3"))
        + entry("SerializationVersion", version("1.1.0.1"))
    )
    inner = f'<Obj N="Value" RefId="2"><TNRef RefId="0" /><DCT>{table}</DCT></Obj>'
    assert private == (
        f'<Obj RefId="0"><MS><Obj N="ApplicationPrivateData" RefId="1"><TN RefId="0">{primitive}'
        f"<DCT>{entry('PSVersionTable', inner)}</DCT></Obj></MS></Obj>"
    )


@OLD
def test_the_private_data_of_2008_r2_as_in_protocol_version_2_1(setup: Setup) -> None:
    pool = setup.pool()
    again = PoolClient()
    setup.wire.create_pool(again)
    listed = re.findall(f'Name="ShellId">({GUID})<', setup.wire.create_pool(third := PoolClient()).text)
    private = messages(setup.wire.receive(listed[0], POWERSHELL))[1]
    assert private.pool == third.id
    assert pool.shell not in listed
    names = re.findall(r'<S N="Key">(\w+)</S>', private.clixml)
    assert names == [
        "PSVersionTable", "WSManStackVersion", "PSCompatibleVersions", "SerializationVersion", "BuildVersion",
        "PSVersion", "CLRVersion", "PSRemotingProtocolVersion",
    ]  # fmt: skip
    assert '<Version N="Value">6.1.7601.17514</Version>' in private.clixml


@pytest.mark.parametrize(
    ("place", "kind", "name"), [(1, 0x00041008, "Verbose"), (2, 0x00041007, "Debug"), (0, 0x00041009, "Warning")]
)
def test_a_line_of_a_stream_as_in_test_psrp_stream_no_output_invocation(
    setup: Setup, place: int, kind: int, name: str
) -> None:
    record = messages(setup.run("Write-Streams", "said"))[place]
    assert record.kind == kind
    assert record.clixml == (
        f'<Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.{name}Record</T><T>{GENERAL[0]}</T>'
        f"<T>{GENERAL[1]}</T></TN><ToString>said</ToString><MS>"
        '<S N="InformationalRecord_Message">said</S><B N="InformationalRecord_SerializeInvocationInfo">false</B></MS>'
        "</Obj>"
    )


def test_an_information_record_as_in_test_psrp_stream_no_output_invocation(setup: Setup) -> None:
    record = messages(setup.run("Write-Streams", "said"))[3]
    mscorlib = re.escape("mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089")
    assert record.kind == 0x00041011
    assert re.fullmatch(
        '<Obj RefId="0"><MS><S N="MessageData">said</S><S N="Source">Write-Information</S>'
        r'<DT N="TimeGenerated">\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)</DT>'
        r'<Obj N="Tags" RefId="1"><TN RefId="0"><T>System\.Collections\.Generic\.List`1\[\[System\.String, '
        rf"{mscorlib}\]\]</T><T>System\.Object</T></TN><LST /></Obj>"
        r'<S N="User">ECHO\\vagrant</S><S N="Computer">ECHO</S><U32 N="ProcessId">\d+</U32>'
        r'<U32 N="NativeThreadId">\d+</U32><U32 N="ManagedThreadId">\d+</U32></MS></Obj>',
        record.clixml,
    )


def test_an_error_record_as_in_test_psrp_stream_no_output_invocation(setup: Setup) -> None:
    record = messages(setup.run("Write-Error", "error stream"))[0]
    assert record.kind == 0x00041005
    assert record.clixml.startswith(
        '<Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN>'
        '<ToString>error stream</ToString><MS><B N="writeErrorStream">true</B><Obj N="Exception" RefId="1">'
        '<TN RefId="1"><T>System.Management.Automation.ItemNotFoundException</T>'
        "<T>System.Management.Automation.RuntimeException</T><T>System.Exception</T><T>System.Object</T></TN>"
        "<ToString>System.Management.Automation.ItemNotFoundException: error stream</ToString>"
        '<Props><S N="Message">error stream</S><Obj N="Data" RefId="2"><TN RefId="2">'
        "<T>System.Collections.ListDictionaryInternal</T><T>System.Object</T></TN><DCT /></Obj>"
        '<Nil N="InnerException" /><Nil N="TargetSite" /><Nil N="StackTrace" /><Nil N="HelpLink" /><Nil N="Source" />'
    )
    assert " ".join(re.findall(r' N="(\w+)"', record.clixml)) == (
        "writeErrorStream Exception Message Data InnerException TargetSite StackTrace HelpLink Source HResult "
        "TargetObject FullyQualifiedErrorId InvocationInfo MyCommand BoundParameters UnboundArguments ScriptLineNumber "
        "OffsetInLine HistoryId ScriptName Line PositionMessage PSScriptRoot PSCommandPath InvocationName "
        "PipelineLength PipelinePosition ExpectingInput CommandOrigin DisplayScriptPosition ErrorCategory_Category "
        "ErrorCategory_Activity ErrorCategory_Reason ErrorCategory_TargetName ErrorCategory_TargetType "
        "ErrorCategory_Message SerializeExtendedInfo ErrorDetails_ScriptStackTrace PSMessageDetails"
    )
    assert '<S N="ErrorCategory_Message">ObjectNotFound: (thing:String) [Write-Error], ItemNotFoundException</S>' in (
        record.clixml
    )


def test_a_failed_pipeline_carries_its_record_as_in_test_client_execute_ps_failure(setup: Setup) -> None:
    (state,) = messages(setup.run("Get-ServiceTypo"))
    assert state.clixml.startswith(
        '<Obj RefId="0"><MS><I32 N="PipelineState">5</I32><Obj N="ExceptionAsErrorRecord" RefId="1"><TN RefId="0">'
        "<T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN>"
        "<ToString>The term 'Get-ServiceTypo' is"
    )
    assert "<T>System.Management.Automation.CommandNotFoundException</T>" in state.clixml


@pytest.mark.parametrize("setup", [("2.3", Limits(first_use_progress=True))], indirect=True, ids=["first use"])
def test_the_first_pipeline_prepares_modules_as_in_test_psrp_stream_no_output_invocation(setup: Setup) -> None:
    record = messages(setup.run("Write-Output", "x"))[0]
    assert record.kind == 0x00041010
    assert record.clixml == (
        '<Obj RefId="0"><MS><S N="Activity">Preparing modules for first use.</S><I32 N="ActivityId">0</I32>'
        '<S N="StatusDescription"> </S><Nil N="CurrentOperation" /><I32 N="ParentActivityId">-1</I32>'
        '<I32 N="PercentComplete">-1</I32><Obj N="Type" RefId="1"><TN RefId="0">'
        "<T>System.Management.Automation.ProgressRecordType</T><T>System.Enum</T><T>System.ValueType</T>"
        "<T>System.Object</T></TN><ToString>Completed</ToString><I32>1</I32></Obj>"
        '<I32 N="SecondsRemaining">-1</I32></MS></Obj>'
    )


# Faults


TIMED_OUT = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
BAD_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource. "
)


def test_a_receive_that_runs_out_of_time_as_in_test_psrp_long_running_cmdlet(setup: Setup) -> None:
    pool = setup.pool()
    setup.wire.pipeline(pool, COMMAND_ID, command_xml("Wait"))
    answer = setup.wire.receive(pool.shell, POWERSHELL, COMMAND_ID, timeout="PT0.05S")
    setup.fault(answer, WSMAN_FAULT, "s:Receiver/w:TimedOut", TIMED_OUT, setup.wsman_detail(2150858793, TIMED_OUT))


def test_an_unknown_command_as_in_test_winrs_bad_cmd_id(setup: Setup) -> None:
    answer = setup.wire.receive(setup.cmd(), CMD, COMMAND_ID, "stdout stderr")
    message = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. "
    )
    detail = setup.wsman_detail(2150858843, message, "UnexpectedSelectors")
    setup.fault(answer, WSMAN_FAULT, "s:Sender/w:InvalidSelectors", BAD_SELECTORS, detail)


def test_get_of_an_unknown_shell_as_in_test_psrp_is_alive_invalid_selectors(setup: Setup) -> None:
    answer = setup.wire.send(f"{TRANSFER}/Get", SHELL, shell=COMMAND_ID)
    inner = (
        f'<f:WSManFault xmlns:f="{F}" Code="2150858843" Machine="{setup.lab.address}"><f:Message>{BAD_SELECTORS}'
        "</f:Message></f:WSManFault>"
    )
    provider = (
        rf'<f:ProviderFault provider="Shell provider" path="%systemroot%\system32\WsmSvc.dll">{inner}</f:ProviderFault>'
    )
    detail = setup.wsman_detail(2150858843, provider, "UnexpectedSelectors")
    setup.fault(answer, WSMAN_FAULT, "s:Sender/w:InvalidSelectors", BAD_SELECTORS, detail)


def test_a_receive_of_an_unknown_shell_as_in_pypsrp_issue_22(setup: Setup) -> None:
    answer = setup.wire.receive(COMMAND_ID, POWERSHELL)
    text = (
        f"The request for the Windows Remote Shell with ShellId {COMMAND_ID} failed because the shell was not found "
        "on the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation. "
    )
    detail = setup.wsman_detail(2150858843, text, "UnexpectedSelectors")
    setup.fault(answer, WSMAN_FAULT, "s:Sender/w:InvalidSelectors", text, detail)


@pytest.mark.parametrize("written", ["PT-1S", "soon", "-PT5S"])
def test_a_wrong_timeout_as_in_test_psrp_is_alive_other_wsman_error(setup: Setup, written: str) -> None:
    answer = setup.wire.send(f"{TRANSFER}/Get", SHELL, shell=COMMAND_ID, timeout=written)
    text = (
        "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. "
    )
    message = (
        "The WS-Management service cannot process the request. The XML contains an invalid timeout field in the SOAP "
        f"header: {written}. "
    )
    detail = setup.wsman_detail(2150858767, message)
    setup.fault(answer, ADDRESSING_FAULT, "s:Sender/a:InvalidMessageInformationHeader", text, detail)


def test_a_receive_without_a_command_as_in_test_winrs_fail_poll_process(setup: Setup) -> None:
    answer = setup.wire.receive(setup.cmd(), CMD, "", "stdout stderr")
    provider = (
        r'<f:ProviderFault provider="Shell cmd plugin" path="%systemroot%\system32\winrscmd.dll">'
        "The parameter is incorrect. </f:ProviderFault>"
    )
    detail = setup.wsman_detail(87, provider, "InvalidValue")
    setup.fault(answer, WSMAN_FAULT, "s:Sender/w:InvalidParameter", "The parameter is incorrect. ", detail)


def test_a_missing_program_without_cmd_as_in_test_winrs_no_cmd_shell(setup: Setup) -> None:
    answer = setup.wire.command(setup.cmd(), "missing", WINRS_SKIP_CMD_SHELL="True")
    text = "The system cannot find the file specified. "
    provider = (
        rf'<f:ProviderFault provider="Shell cmd plugin" path="%systemroot%\system32\winrscmd.dll">{text}'
        "</f:ProviderFault>"
    )
    detail = setup.wsman_detail(2147942402, provider)
    setup.fault(answer, WSMAN_FAULT, "s:Receiver/w:InternalError", text, detail)


def test_a_command_line_too_long_as_in_masterzen_winrm_fixture_test(setup: Setup) -> None:
    answer = setup.wire.command(setup.cmd(), "x" * 9000)
    assert 'Code="2147942606"' in answer.text
    assert "The filename or extension is too long. " in answer.text
    assert "<s:Value>w:InternalError</s:Value>" in answer.text


@pytest.mark.parametrize("setup", [("2.3", Limits(max_shells_per_user=1))], indirect=True, ids=["one shell"])
def test_too_many_shells_as_in_winrb_wmi_error_v2(setup: Setup) -> None:
    setup.cmd()
    answer = setup.wire.create_cmd()
    assert answer.status == 500
    assert "<s:Value>s:Sender</s:Value><s:Subcode><s:Value>w:QuotaLimit</s:Value></s:Subcode>" in answer.text
    assert "a:RelatesTo" not in answer.text
    assert re.findall(r"<p:(\w+)", answer.body) == [
        "MSFT_WmiError", "CIMStatusCode", "CIMStatusCodeDescription", "ErrorSource", "ErrorSourceFormat", "ErrorType",
        "Message", "MessageID", "OtherErrorSourceFormat", "OtherErrorType", "OwningEntity", "PerceivedSeverity",
        "ProbableCause", "ProbableCauseDescription", "error_Category", "error_Code", "error_Type",
        "error_WindowsErrorMessage",
    ]  # fmt: skip
    assert '<p:error_Code xsi:type="cim:cimUnsignedInt">2150859173</p:error_Code>' in answer.text
    assert '<p:MessageID xsi:type="cim:cimString">HRESULT 0x803381a5</p:MessageID>' in answer.text
    assert "This user is allowed a maximum number of 1 concurrent shells, which has been exceeded." in answer.text


@pytest.mark.parametrize("setup", [("2.1", Limits(max_shells_per_user=1))], indirect=True, ids=["one shell"])
def test_too_many_shells_on_2008_r2_as_in_vagrant_issue_7489(setup: Setup) -> None:
    setup.cmd()
    answer = setup.wire.create_cmd()
    assert re.search(
        'Code="2150859173" Machine="[^"]+"><f:Message>The WS-Management service cannot process the request. This '
        "user is allowed a maximum number of 1 concurrent shells, which has been exceeded. Close existing shells or "
        "raise the quota for this user. </f:Message>",
        answer.text,
    )


def test_a_header_not_understood_as_in_pywinrm_test_exceptions(setup: Setup) -> None:
    answer = setup.wire.send(
        f"{TRANSFER}/Get", SHELL, header='<wsman:ResourceUri s:mustUnderstand="true">x</wsman:ResourceUri>'
    )
    assert answer.status == 500
    assert f"<a:Action>{ADDRESSING_FAULT}</a:Action>" in answer.text
    assert '<s:NotUnderstood qname="wsman:ResourceUri" /></s:Header>' in answer.text
    assert "<s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>" in answer.text
    assert "Subcode" not in answer.text
    assert "s:Detail" not in answer.text


def test_an_unknown_session_configuration_as_in_pywinrm_issue_273(setup: Setup) -> None:
    resource = "http://schemas.microsoft.com/powershell/Microsoft.Exchange"
    answer = setup.wire.create_pool(PoolClient(), resource=resource)
    assert 'Code="2150858811"' in answer.text
    assert f"The resource URI ({resource}) was not found in the WS-Management catalog." in answer.text


# HTTP


def test_the_first_401_as_in_omi_issue_29(setup: Setup) -> None:
    answer = setup.wire.post("", Authorization="")
    assert answer.status == 401
    assert [name for name, _ in answer.headers] == [
        "WWW-Authenticate", "WWW-Authenticate", "Server", "Date", "Connection", "Content-Length",
    ]  # fmt: skip
    values = dict(reversed(answer.headers))
    assert (values["Server"], values["Connection"], values["Content-Length"]) == ("Microsoft-HTTPAPI/2.0", "close", "0")
    assert [value for name, value in answer.headers if name == "WWW-Authenticate"] == [
        "Negotiate",
        'Basic realm="WSMAN"',
    ]


def test_a_successful_answer_as_in_openwsman_issue_210(setup: Setup) -> None:
    answer = setup.wire.create_cmd()
    assert [name for name, _ in answer.headers] == ["Content-Type", "Server", "Date", "Content-Length"]
    assert dict(answer.headers)["Content-Type"] == "application/soap+xml;charset=UTF-8"


def test_identify_as_microsoft_learn_shows_it(setup: Setup) -> None:
    wsmid = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
    body = (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsmid="{wsmid}"><s:Header/><s:Body>'
        "<wsmid:Identify/></s:Body></s:Envelope>"
    )
    pattern = (
        f'<wsmid:IdentifyResponse xmlns:wsmid="{wsmid}"><wsmid:ProtocolVersion>'
        "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion><wsmid:ProductVendor>"
        "Microsoft Corporation</wsmid:ProductVendor><wsmid:ProductVersion>OS: {} SP: 0.0 Stack: 3.0"
        "</wsmid:ProductVersion></wsmid:IdentifyResponse>"
    )
    anonymous = setup.wire.post(body, Authorization="", WSMANIDENTIFY="unauthenticated")
    assert anonymous.body == pattern.format("0.0.0")
    assert setup.wire.post(body).body == pattern.format("10.0.14393.2248")


# Nothing recorded


@pytest.mark.parametrize(
    "body",
    ["", "x", "<a/>", "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'e'>]><x>&e;</x>", "<s:Envelope xmlns:s='y'/>"],
    ids=["empty is no request", "text", "foreign xml", "entities", "foreign envelope"],
)
def test_unanchored_a_body_that_is_no_envelope_is_a_schema_error(setup: Setup, body: str) -> None:
    answer = setup.wire.post(body)
    if not body:
        assert (answer.status, answer.text) == (200, "")
        return
    assert answer.status == 500
    assert 'Code="2150858817"' in answer.text
    assert "w:SchemaValidationError" in answer.text


def test_unanchored_an_unknown_action_is_not_supported(setup: Setup) -> None:
    answer = setup.wire.send(f"{SHELL}/Explode", CMD, shell=setup.cmd())
    assert answer.status == 500
    assert "<s:Value>a:ActionNotSupported</s:Value>" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        "",
        '<rsp:CommandLine CommandId="no guid"><rsp:Command/><rsp:Arguments>AAAA</rsp:Arguments></rsp:CommandLine>',
        f'<rsp:CommandLine CommandId="{COMMAND_ID}"><rsp:Command/><rsp:Arguments>?</rsp:Arguments></rsp:CommandLine>',
    ],
)
def test_unanchored_a_command_without_its_parts_is_a_schema_error(setup: Setup, body: str) -> None:
    pool = setup.pool()
    answer = setup.wire.send(f"{SHELL}/Command", POWERSHELL, body, shell=pool.shell)
    assert "w:SchemaValidationError" in answer.text


def test_unanchored_powershell_data_that_is_none_is_an_internal_error_and_the_shell_lives(setup: Setup) -> None:
    pool = setup.pool()
    answer = setup.wire.pipeline(pool, COMMAND_ID, "<Obj")
    assert "w:InternalError" in answer.text
    answer = setup.wire.pipeline(pool, COMMAND_ID.replace("3", "4"), command_xml("Write-Output", "x"))
    assert answer.status == 200


def test_unanchored_an_enumeration_that_does_not_fit_is_an_encoding_limit(setup: Setup) -> None:
    for _ in range(4):
        setup.pool()
    answer = setup.wire.send(f"{ENUMERATION}/Enumerate", SHELL, "<wsen:Enumerate/>", size=4096)
    assert "w:EncodingLimit" in answer.text


def test_unanchored_a_path_that_is_not_wsman_is_404(setup: Setup) -> None:
    connection = http.client.HTTPConnection(setup.lab.address, setup.lab.http_port, timeout=10)
    connection.request("POST", "/owa")
    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize("setup", [("2.3", Limits(max_connections=1))], indirect=True, ids=["one connection"])
def test_unanchored_more_connections_than_allowed_get_503(setup: Setup) -> None:
    setup.cmd()
    second = Wire(setup.lab.address, setup.lab.http_port)
    assert second.create_cmd().status == 503


def test_unanchored_a_body_beyond_twice_the_envelope_size_gets_413(setup: Setup) -> None:
    with socket.create_connection((setup.lab.address, setup.lab.http_port), 10) as plain:
        plain.sendall(b"POST /wsman HTTP/1.1\r\nHost: h\r\nContent-Length: 1100000\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 413 ")
