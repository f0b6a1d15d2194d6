"""Authentication of a WinRM listener: Basic, NTLM, Kerberos and CredSSP with encryption, client certificates."""

from harness.sim.auth._accounts import AccountBook, split_name
from harness.sim.auth._basic import Basic
from harness.sim.auth._certificate import ClientCertificates
from harness.sim.auth._credssp import CredSsp
from harness.sim.auth._kerberos import KerberosIdentity
from harness.sim.auth._negotiate import Kerberos, Negotiate, channel_binding_data, channel_binding_hash
from harness.sim.auth._ntlm import NtlmIdentity
from harness.sim.auth._verdict import Admitted, Scheme, SealBroken, Sealer, Turned

__all__ = [
    "AccountBook",
    "Admitted",
    "Basic",
    "ClientCertificates",
    "CredSsp",
    "Kerberos",
    "KerberosIdentity",
    "Negotiate",
    "NtlmIdentity",
    "Scheme",
    "SealBroken",
    "Sealer",
    "Turned",
    "channel_binding_data",
    "channel_binding_hash",
    "split_name",
]
