"""pypsrp: typed pipelines, scripts, programs, and what only PSRP has."""

import time
from typing import Any

from answering import PROGRAM, SCRIPT, UNKNOWN, WRONG_PASSWORD, account, answer
from pypsrp.complex_objects import PSCredential, PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan


def connect(job: Any, password: str = "") -> WSMan:
    options: dict[str, Any] = {"port": job.https if job.secure else job.http, "ssl": job.secure}
    if job.secure:
        options["cert_validation"] = job.ca
    if job.auth == "kerberos":
        options |= {"negotiate_hostname_override": job.principal_host, "negotiate_service": "HTTP"}
    return WSMan(
        job.address,
        auth=job.auth,
        username=account(job),
        password=password or job.password,
        no_proxy=True,
        **options,
    )


def run(pool: RunspacePool, script: str, *arguments: object) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_script(script)
    for argument in arguments:
        shell.add_argument(argument)
    shell.invoke()
    return shell


def script(job: Any, password: str = "") -> str:
    with connect(job, password) as wsman, RunspacePool(wsman) as pool:
        rows = run(pool, SCRIPT).output
    return "\n".join(f"{row.extended_properties['Name']} {row.extended_properties['State']}" for row in rows)


def typed(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Get-VM").add_cmdlet("Select-Object").add_parameter("Property", ["Name", "State"])
        rows = shell.invoke()
    return "\n".join(f"{row.extended_properties['Name']} {row.extended_properties['State']}" for row in rows)


def program(job: Any) -> str:
    with connect(job) as wsman, WinRS(wsman) as shell:
        process = Process(shell, *PROGRAM)
        process.invoke()
    return f"exit code {process.rc}\n{process.stdout.decode('cp437')}"


def error(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        shell = run(pool, UNKNOWN)
    return "\n".join(f"{record} ({record.fq_error})" for record in shell.streams.error)


def wrong_password(job: Any) -> str:
    return script(job, WRONG_PASSWORD)


STREAMS = """
$VerbosePreference = 'Continue'
$DebugPreference = 'Continue'
Write-Output 'told'
Write-Warning 'warned'
Write-Verbose 'talked'
Write-Debug 'searched'
Write-Information 'noted'
Write-Progress -Activity 'moved'
Write-Error 'failed'
"""


def streams(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        shell = run(pool, STREAMS)
    kept = shell.streams
    found = [
        *shell.output,
        *(record.message for record in kept.warning),
        *(record.message for record in kept.verbose),
        *(record.message for record in kept.debug),
        *(record.message_data for record in kept.information),
        *(record.activity for record in kept.progress),
        *(str(record) for record in kept.error),
    ]
    return " ".join(str(text) for text in found)


def objects(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        machine = run(pool, "Get-VM -Name web").output[0]
    properties = machine.adapted_properties | machine.extended_properties
    return f"{machine.types[0]} {properties['Name']} {properties['State']} {type(properties['Id']).__name__}"


def large_output(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        text = "".join(run(pool, "1..16 | ForEach-Object { 'x' * 65536 }").output)
    return f"{len(text)} {''.join(sorted(set(text)))}"


def large_input(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        (length,) = run(pool, "param($text) $text.Length", "x" * 1048576).output
    return str(length)


def pipeline_input(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Sort-Object")
        return " ".join(shell.invoke(["pear", "apple", "fig"]))


def stop(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        shell.add_script("Start-Sleep -Seconds 60")
        begun = time.monotonic()
        shell.begin_invoke()
        shell.stop()
        stopped = shell.state == PSInvocationState.STOPPED and time.monotonic() - begun < 30
        return f"stopped {stopped}, then {run(pool, '1 + 1').output}"


def wait(job: Any) -> str:
    """Longer than the operation timeout: the client asks again after each fault that says so."""
    with connect(job) as wsman:
        wsman.operation_timeout = 1
        with RunspacePool(wsman) as pool:
            return str(run(pool, "Start-Sleep -Seconds 3; 'awake'").output)


def credential(job: Any) -> str:
    """Key exchange; the guest lets in nobody whose password did not arrive as it was."""
    text = "param($who) Invoke-Command -VMName web -Credential $who -ScriptBlock { $env:COMPUTERNAME }"
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        pool.exchange_keys()
        shell = run(pool, text, PSCredential(username=job.guest_user, password=job.guest_password))
    # A string with the guest's name as a note is an object to this client; its value leads the property sets.
    said = [value if isinstance(value, str) else value.property_sets[0] for value in shell.output]
    return " ".join([*said, *(str(record) for record in shell.streams.error)])


def is_alive(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        open_pool = pool.is_alive()
        pool.shell.close()
        return f"open {open_pool}, closed {pool.is_alive()}"


def list_pools(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman) as pool:
        found = [one.id.casefold() for one in RunspacePool.get_runspace_pools(wsman)]
        return f"found {pool.id.casefold() in found}"


def reconnect(job: Any) -> str:
    """A pipeline goes on while nobody is connected; another connection takes its pool over and reads the answer."""
    with connect(job) as first:
        pool = RunspacePool(first)
        pool.open()
        shell = PowerShell(pool)
        shell.add_script("Start-Sleep -Seconds 1; 'still here'")
        shell.begin_invoke()
        pool.disconnect()
        with connect(job) as second:
            (taken,) = (
                one for one in RunspacePool.get_runspace_pools(second) if one.id.casefold() == pool.id.casefold()
            )
            taken.connect()
            (again,) = taken.create_disconnected_power_shells()
            said = again.connect()
            after = run(taken, "'and again'").output
            taken.close()
    return f"{said} {after}"


def pool_settings(job: Any) -> str:
    with connect(job) as wsman, RunspacePool(wsman, max_runspaces=2) as pool:
        before = pool.get_available_runspaces()
        pool.max_runspaces = 3
        return f"{before} then {pool.get_available_runspaces()}"


answer(
    {
        "script": script,
        "typed": typed,
        "program": program,
        "error": error,
        "wrong password": wrong_password,
        "streams": streams,
        "objects": objects,
        "large output": large_output,
        "large input": large_input,
        "pipeline input": pipeline_input,
        "stop": stop,
        "wait": wait,
        "credential": credential,
        "is alive": is_alive,
        "list pools": list_pools,
        "reconnect": reconnect,
        "pool settings": pool_settings,
    }
)
