"""The measurement itself: it runs, it refuses clients that do less, and its figures mean what the page says."""

import http.client
import ssl
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from benchmarks.floor import Work, floor
from benchmarks.lab import LabProcess
from benchmarks.machine import Machine
from benchmarks.measure import Effort, Plan, Result, Shares, _Bench, _refuse_unlike_questions, measure, measure_shares
from benchmarks.pages import put_into
from benchmarks.report import BEGIN, END, page, ratio_table, request_table
from benchmarks.shares import layer_of
from benchmarks.statements import as_calls, as_scripts, script_of, shared_questions
from benchmarks.worker import Worker, WorkerError
from harness.remoting import cmd

SMALL = Plan(peers=Path(sys.prefix), efforts=(Effort(2, 1, 1, 0),), vms=2, latencies=(0.0, 0.001), forks=2)


@pytest.mark.slow
def test_a_small_run_measures_every_client_at_every_latency() -> None:
    said: list[str] = []
    results = list(measure(SMALL, said.append))
    assert [(result.hosts, result.latency) for result in results] == [(2, 0.0), (2, 0.001)]
    for result in results:
        assert set(result.seconds) == {"first", "cold", "open", "pypsrp cold", "pypsrp open"}
        assert all(seconds > 0 for seconds in result.seconds.values())
        assert result.requests["open"] < result.requests["cold"] < result.requests["first"]
        assert result.requests["pypsrp open"] >= 2 * 7, "a pipeline for each question"
        assert 0 < result.open_work.cpu < result.cold_work.cpu
        assert result.over_floor("cold") > 0.5
    assert any("pypsrp cold" in line for line in said)


@pytest.mark.slow
def test_the_shares_of_our_client_are_parts_of_one() -> None:
    shares = measure_shares(SMALL, rounds=30)
    assert shares.samples > 5
    assert sum(shares.shares.values()) == pytest.approx(1.0)
    assert 0 < shares.busy < 1
    assert any(name.startswith("pypsrp") for name in shares.shares)


@pytest.mark.parametrize(
    ("requests", "latency", "work", "hosts", "forks", "expected"),
    [
        (2, 0.0, Work(0.03, 0.02), 1, 1, 0.03),
        (2, 0.02, Work(0.03, 0.02), 1, 1, 0.07),
        (5, 0.02, Work(0.05, 0.04), 10, 10, 0.5),
        (5, 0.02, Work(0.05, 0.04), 100, 16, 4.1),
        (5, 1.0, Work(0.05, 0.04), 100, 16, 35.05),
        (2, 0.0, Work(0.03, 0.02), 100, 16, 2.0),
    ],
)
def test_the_floor_is_the_longer_of_lanes_and_lab(  # noqa: PLR0917 - a row of the table
    requests: int, latency: float, work: Work, hosts: int, forks: int, expected: float
) -> None:
    assert floor(requests, latency, work, hosts=hosts, forks=forks) == expected


def bench(found: dict[str, object]) -> _Bench:
    class Lab:
        def reset(self) -> None: ...

        def requests(self) -> int:
            return 14

    class Job:
        endpoints = (1, 2)

    return _Bench(Lab(), Job(), 20, {"x": lambda: {"seconds": 0.5, **found}}, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("found", [{"hosts": 1}, {"hosts": 2, "vms": 39}, {"hosts": 2, "vms": 0}])
def test_a_client_that_fetched_less_is_no_measurement(found: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="x did not fetch everything"):
        bench(found).run("x")


def test_requests_are_counted_per_host() -> None:
    measured = bench({"hosts": 2, "vms": 40})
    measured.run("x")
    assert (measured.seconds, measured.requests) == ({"x": [0.5]}, {"x": [7.0]})


def test_clients_that_ask_other_things_are_refused() -> None:
    counts: dict[str, int] = {}

    class Lab:
        def commands(self) -> dict[str, int]:
            return dict(counts)

    def asks(*names: str) -> object:
        return lambda: counts.update({name: counts.get(name, 0) + 1 for name in names})

    same = {"cold": asks("Get-VM", "Select-Object"), "other": asks("Get-VM")}
    _refuse_unlike_questions(Lab(), same)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="not all clients ask the same"):
        _refuse_unlike_questions(Lab(), {**same, "lazy": asks("Get-VMHost")})  # type: ignore[arg-type]


def test_others_are_asked_for_what_our_pipeline_asks() -> None:
    questions = shared_questions({"vms", "services", "os"})
    assert [question.name for question in questions] == ["os", "vms", "services"]
    scripts, calls = as_scripts(questions), as_calls(questions)
    assert scripts[2].startswith("Get-VM | Get-VMIntegrationService | Select-Object -Property 'Id','VMId',")
    assert [call["name"] for call in calls[2]] == ["Get-VM", "Get-VMIntegrationService", "Select-Object"]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (cmd("Get-VM"), "Get-VM"),
        (cmd("Get-Module", Name=["A", "O'B"], ListAvailable=True), "Get-Module -Name 'A','O''B' -ListAvailable"),
        (cmd("Get-WinEvent", MaxEvents=256), "Get-WinEvent -MaxEvents 256"),
        (cmd("Get-Item", "C:\\a b", Force=False), "Get-Item -Force $false 'C:\\a b'"),
    ],
)
def test_a_command_is_typed_as_an_administrator_would(command: object, text: str) -> None:
    assert script_of(command) == text  # type: ignore[arg-type]


def test_what_has_no_literal_is_not_guessed() -> None:
    with pytest.raises(TypeError, match="no literal for dict"):
        script_of(cmd("Get-WinEvent", FilterHashtable={"Id": 1}))


def test_a_sample_belongs_to_the_innermost_layer() -> None:
    inner = [
        "/x/xml/etree/ElementTree.py",
        "/x/pypsrp/wsman.py",
        "/x/harness/remoting/_pool.py",
        "/x/harness/engine/a.py",
    ]
    assert layer_of(inner) == "pypsrp: envelopes and fragments"
    assert layer_of(["/x/json/decoder.py", "/x/harness/windows/answers.py"]) == "sorting answers into records"
    assert layer_of(["/x/threading.py"]) == "the rest"


def result(hosts: int, *, cold: float, ansible: float) -> Result:
    seconds = {"first": cold * 1.5, "cold": cold, "open": 0.07, "pypsrp cold": cold * 3, "pypsrp open": 0.21}
    requests = {"first": 9.0, "cold": 7.0, "open": 2.0, "pypsrp cold": 21.0, "pypsrp open": 14.0}
    if ansible:
        seconds |= {"ansible": ansible, "ansible one": ansible / 4}
    return Result(hosts, 0.02, seconds, requests, Work(0.05, 0.04), Work(0.03, 0.02), min(hosts, 16))


def test_the_table_holds_ratios_only() -> None:
    table = ratio_table([result(1, cold=0.2, ansible=2.0), result(10, cold=0.5, ansible=0)])
    first, second = (line.split("|") for line in table.splitlines()[2:])
    assert [cell.strip() for cell in first[1:-1]] == [
        "20 ms",
        "1",
        "1.33",
        "1.00",
        "1.50",
        "3.00",
        "3.00",
        "10.0",
        "2.50",
    ]
    assert [cell.strip() for cell in second[-3:-1]] == ["-", "-"]


def test_the_page_says_whether_the_aims_are_met() -> None:
    machine = Machine("Linux x86_64", "", 2, 24.0, "CPython 3.11.7", 0.1)
    shares = Shares({"HTTP and TLS": 0.75, "store": 0.25}, 300, 0.4)
    good = page(
        SMALL, [result(1, cold=0.2, ansible=2), result(100, cold=5, ansible=60)], shares, machine, date(2026, 1, 2)
    )
    assert "Met: the highest ratio is 1.33." in good
    assert "Met: the lowest ratio is 12.0." in good
    assert "2026-01-02: Linux x86_64, 2 cores, 24 GiB, CPython 3.11.7; load 0.1" in good
    assert "| HTTP and TLS        | 75%" in good
    bad = page(
        SMALL, [result(1, cold=0.3, ansible=2), result(100, cold=5, ansible=40)], shares, machine, date(2026, 1, 2)
    )
    assert "Missed: the highest ratio is 2.00." in bad
    assert "Missed: the lowest ratio is 8.0." in bad


def test_requests_are_told_where_one_host_is_asked() -> None:
    table = request_table([result(1, cold=0.2, ansible=0), result(10, cold=0.5, ansible=0)])
    assert "| ours, open          | 2     |" in table
    assert "Ansible" not in table


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "performance.md"
    file.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    put_into(file, "new", BEGIN, END)
    put_into(file, "newer", BEGIN, END)
    assert file.read_text() == f"before\n\n{BEGIN}\n\nnewer\n\n{END}\n\nafter\n"
    file.write_text("no marks")
    with pytest.raises(ValueError, match="has no place for"):
        put_into(file, "new", BEGIN, END)


def test_a_worker_that_ends_early_is_an_error() -> None:
    with Worker([sys.executable, "-c", "import sys; sys.stdin.readline()"]) as worker:
        with pytest.raises(WorkerError, match="ended without an answer"):
            worker.ask(mode="cold")
        with pytest.raises(WorkerError):
            worker.ask(mode="cold")


@pytest.mark.slow
def test_the_lab_of_a_measurement_waits_as_long_as_it_is_told() -> None:
    with LabProcess(1, 1) as lab:
        document = lab.document()
        (endpoint,) = document["endpoints"]
        assert (endpoint["scheme"], endpoint["role"]) == ("https", "host")
        lab.latency(0.2)
        tls = ssl.create_default_context(cafile=document["ca"])
        client = http.client.HTTPSConnection(endpoint["address"], endpoint["port"], context=tls)
        begun = time.perf_counter()
        client.request("POST", "/wsman", b"", {})
        assert client.getresponse().status == 401
        assert time.perf_counter() - begun >= 0.2
        client.close()
        assert lab.requests() == 1
        lab.reset()
        assert lab.requests() == 0
