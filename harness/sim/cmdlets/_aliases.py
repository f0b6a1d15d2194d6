"""The built-in aliases that administrators type (about_Aliases, Windows PowerShell 5.1)."""

__all__ = ["ALIASES"]

ALIASES = {
    "?": "Where-Object",
    "where": "Where-Object",
    "%": "ForEach-Object",
    "foreach": "ForEach-Object",
    "select": "Select-Object",
    "sleep": "Start-Sleep",
    "sort": "Sort-Object",
    "measure": "Measure-Object",
    "gcim": "Get-CimInstance",
    "icim": "Invoke-CimMethod",
    "gcm": "Get-Command",
    "gmo": "Get-Module",
    "ipmo": "Import-Module",
    "gsv": "Get-Service",
    "gv": "Get-Variable",
    "gp": "Get-ItemProperty",
    "rp": "Remove-ItemProperty",
    "icm": "Invoke-Command",
    "echo": "Write-Output",
    "write": "Write-Output",
    "oh": "Out-Host",
}
