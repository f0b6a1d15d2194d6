"""The files that make a least-privilege endpoint: session configuration, role module, and how to register them.

Keys and layout after Microsoft Learn "JEA Session Configurations" and "JEA Role Capabilities", read 2026-11-22.
"""

from collections.abc import Iterable, Sequence
from textwrap import dedent, fill
from uuid import NAMESPACE_URL, uuid5

from harness.windows.endpoint import CommandGrant, ParameterGrant

__all__ = ["ENDPOINT", "endpoint_files"]

ENDPOINT = "AvmaHarness"
"""Name of the session configuration, of its role and of the role's module."""

_MODULES = ("Hyper-V", "CimCmdlets")
"""Only what every host has: a module that is missing keeps the session from opening, whereas a visible command whose
module is missing is passed over, and one whose module is there is found (PowerShell's InitialSessionState.cs)."""
_WIDTH = 110


def endpoint_files(grants: Sequence[CommandGrant], *, group: str, managed_account: str | None) -> dict[str, str]:
    """File texts by path, all relative to one folder.

    Args:
        grants: what to let through, from ``host_grants``.
        group: who may connect, a domain's or a local group with its domain's or computer's name.
        managed_account: a group-managed service account to run as; None runs as a virtual account.
    """
    return {
        f"{ENDPOINT}.pssc": _session_configuration(group, managed_account),
        f"{ENDPOINT}/{ENDPOINT}.psd1": _manifest(),
        f"{ENDPOINT}/RoleCapabilities/{ENDPOINT}.psrc": _role(grants),
        "README.md": _readme(grants, group, managed_account),
    }


def _text(value: str) -> str:
    """A single-quoted PowerShell string; typographic quotes end one too, so they are doubled alike."""
    return "'" + "".join(letter * 2 if letter in "'\u2018\u2019\u201a\u201b" else letter for letter in value) + "'"


def _guid(part: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"avma-harness/endpoint/{part}"))


def _session_configuration(group: str, managed_account: str | None) -> str:
    identity = (
        f"GroupManagedServiceAccount = {_text(managed_account)}" if managed_account else "RunAsVirtualAccount = $true"
    )
    return (
        "@{\n"
        "    SchemaVersion = '2.0.0.0'\n"
        f"    GUID = {_text(_guid('configuration'))}\n"
        "    Description = 'Automatic Virtual Machine Activation, least privilege'\n"
        "    SessionType = 'RestrictedRemoteServer'\n"
        f"    {identity}\n"
        f"    RoleDefinitions = @{{ {_text(group)} = @{{ RoleCapabilities = {_text(ENDPOINT)} }} }}\n"
        "}\n"
    )


def _manifest() -> str:
    return f"@{{\n    ModuleVersion = '1.0.0'\n    GUID = {_text(_guid('module'))}\n}}\n"


def _role(grants: Iterable[CommandGrant]) -> str:
    grants = list(grants)
    cmdlets = [_grant(grant) for grant in grants if not grant.function]
    functions = [_grant(grant) for grant in grants if grant.function]
    return (
        "@{\n"
        f"    GUID = {_text(_guid('role'))}\n"
        f"    ModulesToImport = {', '.join(map(_text, _MODULES))}\n\n"
        f"    VisibleCmdlets = {_listed(cmdlets)}\n\n"
        f"    VisibleFunctions = {_listed(functions)}\n"
        "}\n"
    )


def _listed(entries: Sequence[str]) -> str:
    return ",\n        ".join(entries) if entries else "@()"


def _grant(grant: CommandGrant) -> str:
    if grant.parameters is None:
        return _text(grant.name)
    parameters = [_parameter(parameter) for parameter in grant.parameters]
    joint = ",\n            " if sum(map(len, parameters)) > _WIDTH else ", "
    return f"@{{ Name = {_text(grant.name)}; Parameters = {joint.join(parameters)} }}"


def _parameter(parameter: ParameterGrant) -> str:
    values = f"; ValidateSet = {', '.join(map(_text, parameter.values))}" if parameter.values else ""
    return f"@{{ Name = {_text(parameter.name)}{values} }}"


def _readme(grants: Iterable[CommandGrant], group: str, managed_account: str | None) -> str:
    commands = "\n".join(f"| {grant.name} | {_granted(grant)} |" for grant in grants)
    identity = (
        f"as the group-managed service account `{managed_account}`, which must be a local administrator of each host "
        "and have full control of the cluster"
        if managed_account
        else "as a virtual account: a local administrator made for the session, whose name on the network is the "
        "computer's. Where cluster cmdlets are refused to it, write these files again with `--gmsa`"
    )
    who = fill(
        f"Members of `{group}` reach the commands below through it and nothing else: no script, no other parameter, no "
        f"command shell. It runs {identity}.",
        _WIDTH,
    )
    return dedent("""\
        # A least-privilege endpoint for avma

        {who}

        ## Register it, on each host, as an administrator

        ```powershell
        Copy-Item .\\{name} "$env:ProgramFiles\\WindowsPowerShell\\Modules" -Recurse
        Test-PSSessionConfigurationFile .\\{name}.pssc
        Register-PSSessionConfiguration -Name {name} -Path .\\{name}.pssc -Force
        Restart-Service WinRM
        ```

        Restarting WinRM ends the sessions of all users there. Then name it in the inventory:

        ```yaml
        defaults: {{configuration: {name}}}
        ```

        `avma facts --limit HOST` tells what the endpoint lets through. What it cannot do: reach into guests by
        PowerShell Direct, and activate a host's own licence.

        Set-VMAutomaticActivation takes the product key as a plain parameter: transcripts and module logging of this
        endpoint would record it. The session configuration therefore asks for no transcript.

        ## What it shows

        | command | parameters |
        |---|---|
        {commands}
        """).format(who=who, name=ENDPOINT, commands=commands)


def _granted(grant: CommandGrant) -> str:
    return "all" if grant.parameters is None else ", ".join(map(_shown, grant.parameters))


def _shown(parameter: ParameterGrant) -> str:
    values = parameter.values or ()
    if not values:
        return parameter.name
    return f"{parameter.name} (only `{values[0]}`)" if len(values) == 1 else f"{parameter.name} ({len(values)} values)"
