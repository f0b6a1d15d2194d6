"""The commands that mend what a check finds. To be run on the machine in an elevated PowerShell unless they say else.

Groups by SID, since their names are localised: S-1-5-32-578 Hyper-V Administrators, S-1-5-32-573 Event Log Readers
(Microsoft Learn, well-known SIDs). Quotas: Microsoft Learn about_Remote_Troubleshooting. VBScript as a feature on
demand: Microsoft Learn "VBScript deprecation", 2024-05. Read 2026-11.
"""

from harness.core.model import DATA_EXCHANGE, Connection

__all__ = [
    "AZURE_MODULE",
    "CLOCK",
    "ENGINE",
    "EVENT_LOG",
    "HYPERV_RIGHTS",
    "HYPERV_ROLE",
    "QUOTA",
    "ROLE_COMMANDS",
    "certificate",
    "data_exchange",
    "name",
    "offer",
    "port",
]

CLOCK = "On the machine whose clock is wrong: w32tm /resync /rediscover"
QUOTA = (
    "Close what other tools hold open: Get-WSManInstance -ResourceURI shell -Enumerate; or raise the quota: "
    r"Set-Item WSMan:\localhost\Shell\MaxShellsPerUser 50; "
    r"Set-Item WSMan:\localhost\Plugin\microsoft.powershell\Quotas\MaxShellsPerUser 50; Restart-Service WinRM"
)
HYPERV_RIGHTS = "Add-LocalGroupMember -SID S-1-5-32-578 -Member {user}"
HYPERV_ROLE = "Install-WindowsFeature -Name Hyper-V -IncludeManagementTools -Restart"
EVENT_LOG = "Add-LocalGroupMember -SID S-1-5-32-573 -Member {user}"
ROLE_COMMANDS = "Add them to the role capability file (.psrc): VisibleCmdlets = {commands}"
ENGINE = (
    "None is needed: the licence is read and changed through CIM. To have slmgr.vbs back: "
    "DISM /Online /Add-Capability /CapabilityName:VBSCRIPT~~~~"
)
AZURE_MODULE = (
    "Install the latest cumulative update of the node, then: Get-Module ServerAVMAManager -ListAvailable. Without it "
    "no host key can be read or applied."
)
_SERVER = "On the machine, with a certificate of your CA in Cert:\\LocalMachine\\My: "
_BIND = "winrm set winrm/config/Listener?Address=*+Transport=HTTPS '@{CertificateThumbprint=\"THUMBPRINT\"}'"
_CERTIFICATE = {
    "expired": _SERVER + _BIND,
    "revoked": _SERVER + _BIND,
    "wrong_purpose": _SERVER + _BIND,
    "not_yet_valid": "w32tm /query /status on both machines; then on the wrong one: w32tm /resync /rediscover",
    "unknown_ca": "Name the issuing CA as `ca: FILE.pem` under this host (or `defaults`) in the inventory. "
    "Export it on the machine: certutil -ca.cert ca.cer; make it PEM: openssl x509 -inform der -in ca.cer -out ca.pem",
    "self_signed": "Name the certificate itself as `ca: FILE.pem` under this host in the inventory: "
    "Export-Certificate -Cert Cert:\\LocalMachine\\My\\THUMBPRINT -FilePath host.cer there; "
    "openssl x509 -inform der -in host.cer -out host.pem here",
}


def name(connection: Connection) -> str:
    """A name that does not resolve."""
    return f"Correct `address` in the inventory, or its DNS record; test from here: nslookup {connection.address}"


def port(connection: Connection) -> str:
    """A port that does not answer."""
    listener = (
        "winrm quickconfig -transport:https -force" if connection.scheme == "https" else "Enable-PSRemoting -Force"
    )
    rule = (
        f"New-NetFirewallRule -DisplayName 'WinRM {connection.port}' -Direction Inbound -Protocol TCP "
        f"-LocalPort {connection.port} -Action Allow"
    )
    return f"On the machine: {listener}; {rule}"


def certificate(problem: str, names: tuple[str, ...]) -> str:
    """A certificate that is not believed."""
    if problem == "wrong_name":
        known = " or ".join(names[:4])
        ours = f"Set `address: {names[0]}` in the inventory" if names else "Renew it with the machine's own name"
        return f"{ours} (the certificate is for {known or 'no name at all'}), or renew it. {_SERVER}{_BIND}"
    return _CERTIFICATE.get(
        problem, f"Check which listener has the port: winrm enumerate winrm/config/listener. {_BIND}"
    )


def offer(scheme: str, offered: tuple[str, ...]) -> str:
    """A way to authenticate that the listener does not offer."""
    ours = (
        f"Set `auth: {offered[0].casefold()}` in the inventory, or on the machine: " if offered else "On the machine: "
    )
    return f"{ours}winrm set winrm/config/service/auth '@{{{scheme}=\"true\"}}'"


def data_exchange(vm_id: str, *, enabled: bool, guest: str) -> str:
    """Data Exchange off on the host's side, or silent on the guest's."""
    if enabled:
        return f"In {guest}: Set-Service vmickvpexchange -StartupType Manual; Start-Service vmickvpexchange"
    return (
        f"On the host: Get-VM -Id {vm_id} | Get-VMIntegrationService | "
        f"Where-Object Id -like '*\\{DATA_EXCHANGE}' | Enable-VMIntegrationService"
    )
