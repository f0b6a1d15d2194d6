"""pywinrm: the command shell, and PowerShell as a program in it."""

from typing import Any

import winrm
from answering import PROGRAM, SCRIPT, UNKNOWN, WRONG_PASSWORD, account, answer

_TRANSPORTS = {"basic": "ssl", "ntlm": "ntlm", "kerberos": "kerberos"}


def connect(job: Any, password: str = "", **more: Any) -> winrm.Session:
    url = f"https://{job.address}:{job.https}/wsman" if job.secure else f"http://{job.address}:{job.http}/wsman"
    options = {"ca_trust_path": job.ca, **more}
    if job.auth == "kerberos":
        options["kerberos_hostname_override"] = job.principal_host
    return winrm.Session(url, auth=(account(job), password or job.password), transport=_TRANSPORTS[job.auth], **options)


def shown(response: winrm.Response) -> str:
    text = (response.std_out + response.std_err).decode("cp437")
    return f"exit code {response.status_code}\n{text}"


def script(job: Any) -> str:
    return shown(connect(job).run_ps(SCRIPT))


def program(job: Any) -> str:
    return shown(connect(job).run_cmd(*PROGRAM))


def error(job: Any) -> str:
    return shown(connect(job).run_ps(UNKNOWN))


def wrong_password(job: Any) -> str:
    return shown(connect(job, WRONG_PASSWORD).run_cmd(*PROGRAM))


def exit_code(job: Any) -> str:
    return shown(connect(job).run_cmd("cmd", ["/c", "exit", "3"]))


def wait(job: Any) -> str:
    """Longer than the operation timeout: the client asks again after each fault that says so."""
    session = connect(job, operation_timeout_sec=1, read_timeout_sec=10)
    return shown(session.run_ps("Start-Sleep -Seconds 3; 'awake'"))


def large_output(job: Any) -> str:
    text = "".join(connect(job).run_ps("1..16 | ForEach-Object { 'x' * 65536 }").std_out.decode("cp437").split())
    return f"{len(text)} {''.join(sorted(set(text)))}"


answer(
    {
        "script": script,
        "program": program,
        "error": error,
        "wrong password": wrong_password,
        "exit code": exit_code,
        "wait": wait,
        "large output": large_output,
    }
)
