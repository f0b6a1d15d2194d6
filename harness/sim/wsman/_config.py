"""The resource ``http://schemas.microsoft.com/wbem/wsman/1/config``: ``winrm get winrm/config``.

Elements and order as recorded (pypsrp responses/test_wsman_update_envelope_size_500.yml, 2018). What a user without
administrator's rights gets is not recorded; this service refuses with access denied.
"""

from harness.sim.wsman import _names as names
from harness.sim.wsman._settings import Access, Limits

__all__ = ["config_xml"]


def config_xml(settings: Limits, access: Access) -> str:
    """The ``cfg:Config`` element."""

    def leaf(name: str, value: object) -> str:
        return f"<cfg:{name}>{value}</cfg:{name}>"

    def switch(name: str, *, on: bool) -> str:
        return leaf(name, str(on).lower())

    def branch(name: str, *leaves: str) -> str:
        return f"<cfg:{name}>{''.join(leaves)}</cfg:{name}>"

    ports = branch("DefaultPorts", leaf("HTTP", 5985), leaf("HTTPS", 5986))
    offered = {scheme.lower() for scheme in access.auth}
    schemes = ("Basic", "Kerberos", "Negotiate", "Certificate", "CredSSP")
    service_auth = [switch(scheme, on=scheme.lower() in offered) for scheme in schemes]
    client_auth = [switch(name, on=True) for name in ("Basic", "Digest", "Kerberos", "Negotiate", "Certificate")]
    return (
        f'<cfg:Config xmlns:cfg="{names.CONFIG}">'
        + leaf("MaxEnvelopeSizekb", settings.max_envelope_kb)
        + leaf("MaxTimeoutms", int(settings.max_timeout * 1000))
        + leaf("MaxBatchItems", 32000)
        + leaf("MaxProviderRequests", 4294967295)
        + branch(
            "Client",
            leaf("NetworkDelayms", 5000),
            leaf("URLPrefix", "wsman"),
            switch("AllowUnencrypted", on=False),
            branch("Auth", *client_auth, switch("CredSSP", on=False)),
            ports,
            leaf("TrustedHosts", ""),
        )
        + branch(
            "Service",
            leaf("RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"),
            leaf("MaxConcurrentOperations", 4294967295),
            leaf("MaxConcurrentOperationsPerUser", settings.max_operations_per_user),
            leaf("EnumerationTimeoutms", 240000),
            leaf("MaxConnections", settings.max_connections),
            leaf("MaxPacketRetrievalTimeSeconds", 120),
            switch("AllowUnencrypted", on=access.allow_unencrypted),
            branch("Auth", *service_auth, leaf("CbtHardeningLevel", access.channel_binding.capitalize())),
            ports,
            leaf("IPv4Filter", "*"),
            leaf("IPv6Filter", "*"),
            switch("EnableCompatibilityHttpListener", on=False),
            switch("EnableCompatibilityHttpsListener", on=False),
            leaf("CertificateThumbprint", ""),
            switch("AllowRemoteAccess", on=True),
        )
        + branch(
            "Winrs",
            switch("AllowRemoteShellAccess", on=True),
            leaf("IdleTimeout", int(settings.idle_timeout * 1000)),
            leaf("MaxConcurrentUsers", settings.max_users),
            leaf("MaxShellRunTime", 2147483647),
            leaf("MaxProcessesPerShell", settings.max_processes_per_shell),
            leaf("MaxMemoryPerShellMB", settings.max_memory_per_shell_mb),
            leaf("MaxShellsPerUser", settings.max_shells_per_user),
        )
        + "</cfg:Config>"
    )
