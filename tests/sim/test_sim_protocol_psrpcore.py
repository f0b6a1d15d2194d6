"""The PSRP room against psrpcore's client, in memory: another reading of MS-PSRP by another hand than the lab's."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psrpcore
import pytest
from psrpcore.types import PSInvocationState, PSSecureString, RunspacePoolState

from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, ErrorRecord, Int64, Obj, ProgressRecord, Secure, UInt32, Version
from harness.sim.psrp import HostAnswer, Origin, PipelineCreated, PipelineState, PipelineStreams, Pool, PoolSettings
from harness.sim.psrp._messages import PoolState

NASTY = "hé😀\n\t_x0041_ _X000A_ <&>\"' ]]> \x7f\x85 \ufeff end"
MOMENT = datetime(2026, 2, 28, 23, 59, 59, 120000, tzinfo=UTC)


class Pair:
    """A client and a server pool that hand each other their bytes."""

    def __init__(self, host: psrpcore.types.HostInfo | None = None) -> None:
        self.sent: list[tuple[UUID | None, bytes]] = []
        self.server = Pool(PoolSettings(fragment_size=400), lambda pipeline, data: self.sent.append((pipeline, data)))
        self.client = psrpcore.ClientRunspacePool(host=host)
        self.client.open()
        self.to_server()
        self.to_client()
        assert self.client.state == RunspacePoolState.Opened

    def to_server(self) -> list[Any]:
        events = []
        while payload := self.client.data_to_send(500):
            events.extend(self.server.feed(payload.data))
        return events

    def to_client(self) -> list[Any]:
        for pipeline, data in self.sent:
            self.client.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
        self.sent.clear()
        events = []
        while event := self.client.next_event():
            events.append(event)
        return events

    def start(self, *arguments: object) -> PipelineStreams:
        shell = psrpcore.ClientPowerShell(self.client)
        shell.add_command("Write-Output")
        for argument in arguments:
            shell.add_argument(argument)
        shell.start()
        self.shell = shell
        (self.created,) = self.to_server()
        assert isinstance(self.created, PipelineCreated)
        origin = Origin("admin", "HV01", 4040)
        return PipelineStreams(
            self.server,
            self.created.pipeline_id,
            self.created.created,
            now=lambda: MOMENT,
            origin=origin,
            on_pending=lambda _: None,
        )


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, None),
        (True, True),
        (NASTY, NASTY),
        ("\ud83d alone", "\ud83d alone"),
        ("", ""),
        (5, 5),
        (-(2**31), -(2**31)),
        (2**40, 2**40),
        (UInt32(4_000_000_000), 4_000_000_000),
        (Int64(5), 5),
        (1.5, 1.5),
        (1e300, 1e300),
        (UUID(int=77), UUID(int=77)),
        (b"\x00\xff", b"\x00\xff"),
        (Version("10.0.20348"), "10.0.20348"),
        (MOMENT, MOMENT),
        (timedelta(days=7, seconds=3, microseconds=500000), timedelta(days=7, seconds=3, microseconds=500000)),
        (timedelta(0), timedelta(0)),
        (-timedelta(hours=1), -timedelta(hours=1)),
        (["a", ["b", 1], None], ["a", ["b", 1], None]),
        ([], []),
        ({"a": 1, "b": {"c": [2]}}, {"a": 1, "b": {"c": [2]}}),
        ({}, {}),
    ],
    ids=repr,
)
def test_a_value_is_read_as_it_was_written(value: object, seen: object) -> None:
    pair = Pair()
    pair.start().output(value)
    (event,) = pair.to_client()
    data = event.data
    assert (str(data) if isinstance(seen, str) else data) == seen


def test_objects_keep_types_properties_and_depth() -> None:
    state = Enum("Demo.State", "Running", 2)
    inner = Obj(("Demo.Disk", "System.Object"), {"Size": 5}, text="disk")
    pair = Pair()
    pair.start().output(
        Obj(("Demo.VM", "System.Object"), {"State": state, "Disk": inner}, {"Seen": state, "On": inner})
    )
    (event,) = pair.to_client()
    found = event.data
    assert found.PSObject.type_names == ["Deserialized.Demo.VM", "Deserialized.System.Object"]
    assert (found.State, found.Disk) == ("Running", "disk")
    assert found.Seen == 2
    assert found.Seen.PSObject.type_names[:2] == ["Deserialized.Demo.State", "Deserialized.System.Enum"]
    assert found.On.Size == 5


@pytest.mark.parametrize(
    "value",
    [NASTY, 5, True, None, [1, "a"], {"k": [1]}, UUID(int=3), MOMENT, timedelta(minutes=1, seconds=33), b"x"],
    ids=repr,
)
def test_an_argument_is_read_as_psrpcore_wrote_it(value: object) -> None:
    pair = Pair()
    pair.start(value)
    assert pair.created.created.invocation.statements[0][0].parameters[0].value == value


def test_every_stream_is_read_as_what_it_is() -> None:
    pair = Pair()
    streams = pair.start()
    streams.warning("w")
    streams.verbose("v")
    streams.debug("d")
    streams.information(NASTY)
    streams.progress(ProgressRecord("copying", "half", 50))
    record = ErrorRecord("no", "Nope,Cmd", 13, ("Demo.Error", "System.Exception"), 0xC004F00F, "t", "Get-X", "Why")
    streams.error(record)
    streams.state(PipelineState.COMPLETED)
    warning, verbose, debug, information, progress, error, state = pair.to_client()
    assert [str(event.record.Message) for event in (warning, verbose, debug)] == ["w", "v", "d"]
    assert (str(information.record.MessageData), information.record.TimeGenerated) == (NASTY, MOMENT)
    assert (progress.record.Activity, progress.record.PercentComplete) == ("copying", 50)
    assert error.record.FullyQualifiedErrorId == "Nope,Cmd"
    assert error.record.CategoryInfo.Category.name == "ObjectNotFound"
    assert (error.record.CategoryInfo.Activity, error.record.CategoryInfo.Reason) == ("Get-X", "Why")
    assert error.record.Exception.HResult == 0xC004F00F - 2**32
    assert state.state == PSInvocationState.Completed
    assert pair.shell.state == PSInvocationState.Completed


def test_a_failed_pipeline_hands_over_its_error() -> None:
    pair = Pair()
    pair.start().state(PipelineState.FAILED, ErrorRecord("enough", "Enough"))
    (state,) = pair.to_client()
    assert (state.state, state.reason.FullyQualifiedErrorId) == (PSInvocationState.Failed, "Enough")


def test_secure_strings_travel_under_the_exchanged_key() -> None:
    pair = Pair()
    pair.client.exchange_key()
    pair.to_server()
    pair.to_client()
    streams = pair.start(PSSecureString(NASTY))
    assert pair.created.created.invocation.statements[0][0].parameters[0].value == Secure(NASTY)
    streams.output(Secure("back"))
    (event,) = pair.to_client()
    assert event.data.decrypt() == "back"


def test_a_host_call_is_understood_and_its_answer_too() -> None:
    host = psrpcore.types.HostInfo(IsHostNull=False, IsHostUINull=False, IsHostRawUINull=True, UseRunspaceHost=False)
    pair = Pair(host)
    streams = pair.start()

    async def ask() -> object:
        answer = asyncio.ensure_future(streams.host("ReadLine"))
        await asyncio.sleep(0)
        (call,) = pair.to_client()
        assert call.method_identifier == psrpcore.types.HostMethodIdentifier.ReadLine
        pair.shell.host_response(call.ci, return_value="typed")
        (event,) = pair.to_server()
        assert isinstance(event, HostAnswer)
        streams.answered(event)
        return await answer

    assert asyncio.run(ask()) == "typed"


def test_a_host_call_that_failed_over_there_is_a_terminating_error() -> None:
    host = psrpcore.types.HostInfo(IsHostNull=False, IsHostUINull=False, IsHostRawUINull=True, UseRunspaceHost=False)
    pair = Pair(host)
    streams = pair.start()

    async def ask(answer: Callable[[int], Awaitable[None]]) -> None:
        question = asyncio.ensure_future(streams.host("ReadLine"))
        await asyncio.sleep(0)
        (call,) = pair.to_client()
        await answer(call.ci)
        await question

    async def refuse(call_id: int) -> None:
        streams.answered(HostAnswer(None, call_id, None, "the host is gone"))

    with pytest.raises(TerminatingError, match="the host is gone"):
        asyncio.run(ask(refuse))


def test_a_broken_pool_is_told() -> None:
    pair = Pair()
    pair.server.tell_state(PoolState.BROKEN, ErrorRecord("broken", "Broken"))
    (event,) = pair.to_client()
    assert event.state == RunspacePoolState.Broken
    assert event.reason.FullyQualifiedErrorId == "Broken"
