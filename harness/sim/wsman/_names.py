"""Namespaces, actions and resources of WS-Management as Windows uses them (DSP0226, MS-WSMV)."""

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
POWERSHELL = "http://schemas.microsoft.com/powershell"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"

COMMAND_SHELL_RESOURCE = f"{SHELL}/cmd"
COMMAND_RESOURCE = f"{SHELL}/Command"
POWERSHELL_PREFIX = f"{POWERSHELL}/"
COMMAND_STATE = f"{SHELL}/CommandState"

ACTIONS = {
    f"{TRANSFER}/Create": "Create",
    f"{TRANSFER}/Get": "Get",
    f"{TRANSFER}/Put": "Put",
    f"{TRANSFER}/Delete": "Delete",
    f"{ENUMERATION}/Enumerate": "Enumerate",
    f"{ENUMERATION}/Pull": "Pull",
    f"{SHELL}/Command": "Command",
    f"{SHELL}/Send": "Send",
    f"{SHELL}/Receive": "Receive",
    f"{SHELL}/Signal": "Signal",
    f"{SHELL}/Disconnect": "Disconnect",
    f"{SHELL}/Reconnect": "Reconnect",
    f"{SHELL}/Connect": "Connect",
}
"""Action URI to the short name that counters, traces and fault plans use."""

URIS = {short: uri for uri, short in ACTIONS.items()}

SIGNAL_CTRL_C = f"{SHELL}/signal/ctrl_c"
SIGNAL_CTRL_BREAK = f"{SHELL}/signal/ctrl_break"
SIGNAL_TERMINATE = f"{SHELL}/signal/terminate"
SIGNAL_PS_STOP = ("powershell/signal/crtl_c", "powershell/signal/ctrl_c")
"""The first, misspelt, is PowerShell's own; the second is what pypsrp sends."""
