param([guid]$VMId, [pscredential]$Credential, [string]$Name, $Parameters, [string[]]$Property)
Invoke-Command -VMId $VMId -Credential $Credential -ScriptBlock {
    param($Name, $Parameters, $Property)
    $result = & $Name @Parameters
    if ($Property) { $result | Select-Object -Property $Property } else { $result }
} -ArgumentList $Name, $Parameters, $Property
