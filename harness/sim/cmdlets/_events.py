"""Get-WinEvent on the Application log, with the list bug of -FilterHashtable over remoting (PowerShell issue 13108)."""

import fnmatch
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from harness.sim.cmdlets._cim_classes import local_time
from harness.sim.cmdlets._convert import ConversionError, as_list, convert, to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.cmdlets._xpath import XPathError, compile_xpath
from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, ErrorRecord, Int64, Obj
from harness.sim.world import SPP_PROVIDER, Event

__all__ = ["COMMANDS", "message_text"]

_CLASS = "Microsoft.PowerShell.Commands.GetWinEventCommand"
_TYPES = (
    "System.Diagnostics.Eventing.Reader.EventLogRecord",
    "System.Diagnostics.Eventing.Reader.EventRecord",
    "System.Object",
)
_PROPERTY_TYPES = ("System.Diagnostics.Eventing.Reader.EventProperty", "System.Object")
_LEVELS = {2: "Error", 3: "Warning", 4: "Information"}
_PROVIDER_ID = "e23b33b0-c8c9-472c-a5f9-f2bdfea0f156"
_TEMPLATES = {  # message tables of sppsvc.exe, 6.3 to 10.0
    12309: "The client has processed an Automatic VM activation response from the parent partition.\r\n"
    "Returned hr={0}\r\n{1}",
    12310: "An Automatic VM activation request has been processed.\r\nReturned hr={0}\r\n{1}",
    1016: "Proof of Purchase installed successfully.\r\nPKeyId={0}",
    1017: "Installation of the Proof of Purchase failed. {0}\r\nPartial Pkey={1}",
    1018: "Proof of Purchase removed. PKeyId={0}",
    900: "The Software Protection service is starting.",
    902: "The Software Protection service has started.\r\n{0}",
    903: "The Software Protection service has stopped.",
}

Test = Callable[[Event], bool]


def message_text(event: Event) -> str:
    """The rendered English message."""
    return _TEMPLATES.get(event.event_id, "").format(*event.values, "", "")


def _property(call: Call, value: str) -> Obj | str:
    if call.scope.world.variants["projected_event_values"] == "names":
        return _PROPERTY_TYPES[0]
    return Obj(_PROPERTY_TYPES, {"Value": value}, text=_PROPERTY_TYPES[0])


def _shown(call: Call, event: Event) -> Obj:
    return Obj(
        _TYPES,
        {
            "Id": event.event_id,
            "Version": 0,
            "Qualifiers": event.qualifiers,
            "Level": event.level,
            "Task": 0,
            "Opcode": 0,
            "Keywords": Int64(0x80000000000000),
            "RecordId": Int64(event.record_id),
            "ProviderName": event.provider,
            "ProviderId": _PROVIDER_ID if event.provider == SPP_PROVIDER else None,
            "LogName": "Application",
            "ProcessId": 0,
            "ThreadId": 0,
            "MachineName": event.computer,
            "UserId": None,
            "TimeCreated": local_time(call.scope.windows, event.time),
            "ActivityId": None,
            "ContainerLog": "Application",
            "LevelDisplayName": _LEVELS.get(event.level, ""),
            "Properties": [_property(call, value) for value in event.values],
        },
        {"Message": message_text(event)},
        text=_TYPES[0],
    )


def _none_found(call: Call) -> ErrorRecord:
    return record(
        "No events were found that match the specified selection criteria.",
        f"NoMatchingEventsFound,{_CLASS}",
        Category.OBJECT_NOT_FOUND,
        reason="Exception",
        activity=call.command.name,
    )


def _refuse(call: Call, error_id: str, message: str, target: object = None) -> ErrorRecord:
    return record(
        message,
        f"{error_id},{_CLASS}",
        Category.OBJECT_NOT_FOUND if error_id.startswith("NoMatching") else Category.INVALID_ARGUMENT,
        reason="EventLogException" if "Event" in error_id else "Exception",
        target=target,
        activity=call.command.name,
    )


@cmdlet(
    "Get-WinEvent",
    P("LogName", "string[]", 0),
    P("FilterXPath"),
    P("FilterHashtable", "object[]"),
    P("ProviderName", "string[]"),
    P("MaxEvents", "int"),
    P("Oldest", "switch"),
    P("ListLog", "string[]"),
    P("ComputerName"),
    module="Microsoft.PowerShell.Diagnostics",
    class_name=_CLASS,
    exclusive=(("LogName", "FilterHashtable", "ProviderName", "ListLog"), ("FilterXPath", "FilterHashtable")),
)
def get_win_event(call: Call) -> Iterable[object]:
    now = call.scope.world.settle()
    if not call.scope.administrator:
        call.error(
            _refuse(call, "System.UnauthorizedAccessException", "Attempted to perform an unauthorized operation.")
        )
        return []
    tests = _tests(call, now)
    if tests is None:
        return []
    records = call.scope.windows.log.records
    found = [event for event in records if any(test(event) for test in tests)]
    if not call.switch("Oldest"):
        found.reverse()
    if call.has("MaxEvents"):
        found = found[: call.number("MaxEvents")]
    if not found:
        call.error(_none_found(call))
    return [_shown(call, event) for event in found]


def _tests(call: Call, now: datetime) -> list[Test] | None:
    """One test for each table or the one of log, provider and XPath; None after an error was reported."""
    if call.has("FilterHashtable"):
        return [_table_test(call, table, now) for table in as_list(call.get("FilterHashtable"))]
    for name in call.texts("LogName"):
        if not fnmatch.fnmatchcase("application", name.casefold()):
            text = f'There is not an event log on the localhost computer that matches "{name}".'
            call.error(_refuse(call, "NoMatchingLogsFound", text, name))
            return None
    providers = [name.casefold() for name in call.texts("ProviderName")]
    if providers and not any(fnmatch.fnmatchcase(SPP_PROVIDER.casefold(), name) for name in providers):
        text = f'There is not an event provider on the localhost computer that matches "{providers[0]}".'
        call.error(_refuse(call, "NoMatchingProvidersFound", text, providers[0]))
        return None
    try:
        test = compile_xpath(call.text("FilterXPath", "*"))
    except XPathError as error:
        call.error(
            _refuse(
                call, "System.Diagnostics.Eventing.Reader.EventLogException", f"The specified query is invalid: {error}"
            )
        )
        return None
    return [lambda event: test(event, now)]


def _table_test(call: Call, table: object, now: datetime) -> Test:
    """A hashtable's test. A list from the wire is no array: it is read as one text, and so matches nothing."""
    if not isinstance(table, dict):
        raise TerminatingError(
            _refuse(call, "CannotConvertArgumentNoMessage", "Cannot bind parameter 'FilterHashtable'.", table)
        )
    entries = {to_text(key).casefold(): value for key, value in table.items()}
    if not entries.keys() & {"logname", "path", "providername"}:
        text = "The parameter is incorrect: a log, a path or a provider must be named."
        raise TerminatingError(_refuse(call, "LogsOrProvidersOrPathsRequired", text))
    unread = [key for key in entries if key not in _TABLE_KEYS]
    tests = [
        _TABLE_KEYS[key](to_text(value) if isinstance(value, list) else value)
        for key, value in entries.items()
        if key in _TABLE_KEYS
    ]
    if unread:
        return lambda _event: False
    return lambda event: event.time <= now + timedelta(seconds=1) and all(test(event) for test in tests)


def _number_test(read: Callable[[Event], int]) -> Callable[[object], Test]:
    def make(value: object) -> Test:
        text = str(value.value) if isinstance(value, Enum) else to_text(value)
        return lambda event: text == str(read(event))

    return make


def _time_test(*, start: bool) -> Callable[[object], Test]:
    def make(value: object) -> Test:
        try:
            limit = convert(value, "datetime")
        except ConversionError:
            return lambda _event: False
        assert isinstance(limit, datetime)
        return lambda event: event.time >= limit if start else event.time <= limit

    return make


def _log_test(value: object) -> Test:
    matches = fnmatch.fnmatchcase("application", to_text(value).casefold())
    return lambda _event: matches


def _provider_test(value: object) -> Test:
    wanted = to_text(value).casefold()
    return lambda event: fnmatch.fnmatchcase(event.provider.casefold(), wanted)


_TABLE_KEYS: dict[str, Callable[[object], Test]] = {
    "logname": _log_test,
    "providername": _provider_test,
    "id": _number_test(lambda event: event.event_id),
    "level": _number_test(lambda event: event.level),
    "starttime": _time_test(start=True),
    "endtime": _time_test(start=False),
}

COMMANDS = (get_win_event,)
