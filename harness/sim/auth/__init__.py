"""Authentication of a WinRM listener: Basic, Negotiate and NTLM with message encryption, Kerberos, certificates."""

from harness.sim.auth._accounts import AccountBook, split_name
from harness.sim.auth._basic import Basic
from harness.sim.auth._verdict import Admitted, Scheme, SealBroken, Sealer, Turned

__all__ = ["AccountBook", "Admitted", "Basic", "Scheme", "SealBroken", "Sealer", "Turned", "split_name"]
