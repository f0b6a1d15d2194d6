"""Sessions with Windows machines: PSRP, command shell, PowerShell Direct. The only importer of pypsrp and pywinrm.

Scripted sessions for the tests of other rooms are in harness.remoting.fake.
"""

from harness.remoting._direct import DirectSession, DirectShell
from harness.remoting._opening import open_powershell, open_shell
from harness.remoting.decode import EnumValue, RemoteObject, to_plain
from harness.remoting.pipeline import Command, ErrorDetail, PipelineResult, Statement, cmd
from harness.remoting.session import CommandShell, Credential, PowerShellSession, ShellResult

__all__ = [
    "Command",
    "CommandShell",
    "Credential",
    "DirectSession",
    "DirectShell",
    "EnumValue",
    "ErrorDetail",
    "PipelineResult",
    "PowerShellSession",
    "RemoteObject",
    "ShellResult",
    "Statement",
    "cmd",
    "open_powershell",
    "open_shell",
    "to_plain",
]
