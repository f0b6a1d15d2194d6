"""slmgr.vbs and the shell around it: layout, exit codes, languages, code pages, what goes wrong."""

import asyncio
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sim_world_lab import InMemoryLab, command, script
from sim_world_topologies import guest, host, lab

from harness.sim.machine import Program, ProgramNotFound
from harness.sim.shell import code_page_name
from harness.sim.world import LANGUAGES

CASES = Path(__file__).parents[1] / "cases" / "sim_slmgr"
MAK = {"mak": {"key": "FAKE0-GUEST-MAK22-00000-00001", "channel": "mak", "release": "2022"}}
PATTERNS = {
    "{guid}": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "{pid}": r"[\d.-]+",
    "{digits}": r"\d+",
    "{time}": r"\d+:\d\d:\d\d [AP]M",
}
SLMGR = r"%windir%\System32\slmgr.vbs"


def cases(name: str) -> list[Any]:
    loaded = YAML(typ="safe").load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in loaded]


def one(form: dict[str, Any], **more: Any) -> InMemoryLab:
    return lab(host("HV1", guests=[guest("vm", **form)]), guest_keys=MAK, **more)


@pytest.mark.parametrize("case", cases("texts"))
def test_a_whole_output(case: dict[str, Any]) -> None:
    found = one(case["guest"])
    for words in case.get("before", ()):
        found.slmgr("vm", *words)
    found.advance(days=case.get("days", 0))
    code, text = found.slmgr("vm", *case["arguments"])
    assert code == 0
    assert text.endswith("\r\n")
    lines = text.split("\r\n")[:-1]
    for line, wanted in zip(lines, case["lines"], strict=True):
        pattern = re.escape(wanted)
        for mark, expression in PATTERNS.items():
            pattern = pattern.replace(re.escape(mark), expression)
        assert re.fullmatch(pattern, line), f"{line!r} is not {wanted!r}"


@pytest.mark.parametrize("case", cases("codes"))
def test_an_exit_code(case: dict[str, Any]) -> None:
    found = one(case["guest"])
    code, text = found.slmgr("vm", *case["arguments"], administrator=not case.get("user"))
    assert code == case["exit"]
    assert case["says"] in text


def texts(language: str) -> dict[str, str]:
    loaded = tomllib.loads((files("harness.sim") / "data" / "slmgr.toml").read_text(encoding="utf-8"))
    english = loaded["en"]["recorded"]
    return {**english, **loaded[language].get("invented", {}), **loaded[language].get("recorded", {})}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_prints_its_own_labels_and_the_constant_parts(language: str) -> None:
    found = one({"os_language": language, "key": "avma"})
    found.slmgr("vm", "/ato")
    _, text = found.slmgr("vm", "/dlv")
    own = texts(language)
    for key in ("status_1", "partial_key", "avma_heading", "avma_host", "description"):
        assert own[key] in text, key
    assert own["expires_avma"].replace("%MINUTE%", "10080").replace("%DAY%", "7") in text
    for constant in ("VIRTUAL_MACHINE_ACTIVATION channel", "VT:IA", "55c92734-d682-4d71-983e-d6ec3f16059f", "78VHK"):
        assert constant in text


def test_every_language_says_what_is_recorded_and_what_is_invented_and_uses_known_names() -> None:
    loaded = tomllib.loads((files("harness.sim") / "data" / "slmgr.toml").read_text(encoding="utf-8"))
    assert set(loaded) == set(LANGUAGES)
    english = loaded["en"]["recorded"]
    for language, tables in loaded.items():
        assert set(tables) <= {"recorded", "invented"}, language
        for table in tables.values():
            for key, text in table.items():
                assert key in english, f"{language}.{key}"
                assert set(re.findall("%[A-Z]+%", text)) == set(re.findall("%[A-Z]+%", english[key])), (
                    f"{language}.{key}"
                )


@pytest.mark.parametrize(
    ("language", "verb", "code_page", "expected"),
    [
        ("de", "/rearm", 850, "damit die Änderungen wirksam werden"),
        ("de", "/rearm", 437, "damit die Änderungen wirksam werden"),
        ("es", "/dlv", 437, "Versión del Servicio de licencias"),
        ("fr", "/dli", 850, "État de la licence : notification"),
        ("zh-CN", "/dli", 437, "?????: ??"),
        ("zh-CN", "/dli", 936, "许可证状态: 通知"),
        ("zh-CN", "/dli", 65001, "许可证状态: 通知"),
        ("ja", "/dli", 932, "ライセンスの状態: 通知"),
        ("ja", "/dli", 850, "????????: ??"),
        ("ru", "/dli", 866, "Состояние лицензии: уведомление"),
        ("ru", "/dli", 850, "????????? ????????: ???????????"),
    ],
)
def test_output_is_in_the_shells_code_page_and_what_it_lacks_is_a_question_mark(
    language: str, verb: str, code_page: int, expected: str
) -> None:
    found = one({"os_language": language, "key": "avma"})
    result = found.run("vm", "cscript", "//nologo", SLMGR, verb, code_page=code_page)
    assert expected in result.stdout.decode(code_page_name(code_page))


def test_a_console_breaks_lines_anywhere_and_loses_nothing() -> None:
    wide, narrow = one({"key": "avma"}), one({"key": "avma", "wrap_columns": 60})
    whole, broken = wide.slmgr("vm", "/dlv")[1], narrow.slmgr("vm", "/dlv")[1]
    assert max(map(len, broken.split("\r\n"))) == 60
    assert broken.count("\r\n") > whole.count("\r\n")
    assert broken.replace("\r\n", "") == whole.replace("\r\n", "")


def test_without_vbscript_there_is_no_slmgr_but_cim_still_works() -> None:
    found = one({"key": "avma", "script_engine": False})
    code, text = found.slmgr("vm", "/dlv")
    assert (code, 'Can not find script engine "VBScript"' in text) == (1, True)
    where = "SELECT * FROM SoftwareLicensingProduct WHERE PartialProductKey IS NOT NULL"
    found.ask("vm", command("Invoke-CimMethod", Query=where, MethodName="Activate"))
    windows = found.vm("vm").windows
    assert windows is not None
    assert windows.licence.licensed


@pytest.mark.parametrize(
    ("line", "arguments", "expected"),
    [
        (
            "cscript",
            ["//nologo", "slmgr.vbs", "/dli"],
            'Can not find script file "C:\\Users\\Administrator\\slmgr.vbs"',
        ),
        ("cscript", [SLMGR, "/dli"], "Microsoft (R) Windows Script Host Version"),
        ("cscript //nologo %windir%\\System32\\slmgr.vbs /dli", [], "Partial Product Key: 78VHK"),
        ('cmd /c "cscript //nologo %windir%\\System32\\slmgr.vbs /dli"', [], "Partial Product Key: 78VHK"),
        ("C:\\Windows\\System32\\cscript.exe", ["//nologo", SLMGR, "/dli"], "Partial Product Key: 78VHK"),
        ("chcp 65001 >nul & cscript //nologo %SystemRoot%\\System32\\slmgr.vbs /dli", [], "Partial Product Key: 78VHK"),
        ("ver", [], "Microsoft Windows [Version 10.0.20348.2527]"),
        ("hostname", [], "VM"),
        ("whoami", [], "vm\\administrator"),
        ("echo", ["%COMPUTERNAME%", "%NOBODY%"], "VM %NOBODY%"),
        ("chcp", [], "Active code page: 65001"),
        ("hostname && ver", [], "VM\r\n\r\nMicrosoft Windows"),
        ("frobnicate || hostname", [], "VM"),
        ("powershell", ["-NoProfile", "-Command", "(Get-Date).Year"], "2026"),
    ],
)
def test_a_command_line(line: str, arguments: list[str], expected: str) -> None:
    result = one({"key": "avma"}).run("vm", line, *arguments)
    assert expected in (result.stdout + result.stderr).decode()


@pytest.mark.parametrize(
    ("line", "code"), [("exit 7", 7), ("frobnicate", 1), ("ver & exit 3", 3), ("frobnicate && ver", 1)]
)
def test_the_last_program_decides_the_exit_code(line: str, code: int) -> None:
    assert one({}).run("vm", line).exit_code == code


def test_an_unknown_program_is_cmds_complaint_or_without_cmd_a_refusal() -> None:
    found = one({})
    assert b"is not recognized as an internal or external command" in found.run("vm", "frobnicate").stderr
    with pytest.raises(ProgramNotFound):
        found.run("vm", "frobnicate", skip_cmd_shell=True)


def test_a_dialog_box_hangs_the_session() -> None:
    found = one({"key": "avma"})

    async def wait() -> None:
        await asyncio.wait_for(found.computer("vm").run(found.session("vm"), Program("slmgr.vbs", ("/dlv",))), 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


def test_an_encoded_powershell_command_runs_and_its_errors_end_in_1() -> None:
    found = one({})
    encoded = "RwBlAHQALQBEAGEAdABlAA=="
    assert found.run("vm", "powershell.exe", "-EncodedCommand", encoded).exit_code == 0
    failed = found.run("vm", "powershell.exe", "-Command", "throw 'no'")
    assert failed.exit_code == 1
    assert b"no" in failed.stderr


def test_a_program_inside_a_pipeline_gives_lines_and_leaves_its_exit_code() -> None:
    found = one({"release": "2025", "key": "avma"})
    words = ("//nologo", r"C:\Windows\System32\slmgr.vbs", "/ato")
    computer, session = found.computer("vm"), found.session("vm")
    kept = found.ask_all(
        "vm", [[command("cscript.exe", *words)], [command("Get-Variable", "LASTEXITCODE", ValueOnly=True)]]
    )
    assert kept.values[0] == f"Activating Windows(R), ServerStandard edition ({activation_id(found)}) ..."
    assert kept.values[-1] == -1073414909
    assert computer.session_configuration("microsoft.powershell")
    assert not computer.session_configuration("jea")
    assert session.account.administrator


def activation_id(found: InMemoryLab) -> str:
    row = found.json(
        "vm", command("Get-CimInstance", "SoftwareLicensingProduct", Filter="PartialProductKey IS NOT NULL")
    )
    return str(row["ID"])


def test_no_variable_is_expanded_inside_a_pipeline() -> None:
    found = one({"key": "avma"})
    kept = found.ask("vm", command("cscript.exe", "//nologo", SLMGR, "/dli"))
    assert kept.ids == ["NativeCommandError"]


def test_a_script_calls_programs_and_cmdlets_alike() -> None:
    found = one({"key": "avma"})
    text = (
        "param($verb) & cscript.exe //nologo C:\\Windows\\System32\\slmgr.vbs $verb | Where-Object { $_ -like '*Key*' }"
    )
    assert found.ask("vm", script(text, verb="/dli")).values == ["Partial Product Key: 78VHK"]


def test_what_each_verb_counts_as() -> None:
    found = one({"key": "avma"})
    for verb in ("/dlv", "/dli", "/xpr"):
        found.slmgr("vm", verb)
    assert found.activity["vm"].state_changing == 0
    for verb in ("/ato", "/cpky", "/upk", "/rilc", "/ckms"):
        found.slmgr("vm", verb)
    assert found.activity["vm"].state_changing == 5
    assert found.activity["vm"].commands["slmgr /ato"] == 1
