"""The entries of the variant register: name, question, choices (the first is the default), source of the question."""

__all__ = ["ENTRIES"]

_AVMA = "Microsoft Learn automatic-vm-activation says nothing of it"
_LOCAL = "Microsoft Learn vm-activate (Azure Local) and Windows Admin Center show no sample"
_PS = "PowerShell remoting: wanted as a trial on a real host"

ENTRIES: tuple[tuple[str, str, dict[str, str], str], ...] = (
    (
        "avma_get_shape",
        "What does Get-VMAutomaticActivation put out on a node whose key works?",
        {
            "status_object": "an object with ProductKey (last five), Status and Version",
            "partial_key_object": "an object with PartialProductKey, ActivationStatus as an enum and LicenseFamily",
            "cim_like": "an object with LicenseStatus as a number, Description and PartialProductKey",
            "nested": "an object whose property ActivationInfo holds the details one level down",
            "hashtable": "a hashtable with KeyLast5 and Activated",
            "full_key": "an object that shows the whole key",
            "string": "a sentence that ends in the last five characters",
            "boolean": "True",
            "nothing": "no output at all",
        },
        _LOCAL,
    ),
    (
        "avma_get_unset",
        "What does Get-VMAutomaticActivation put out on a node without a key?",
        {
            "nothing": "no output",
            "null": "one $null",
            "object": "the same shape with empty values",
            "error": "a non-terminating error",
        },
        _LOCAL,
    ),
    (
        "avma_set_output",
        "What does Set-VMAutomaticActivation put out when the key works?",
        {
            "nothing": "no output",
            "status_object": "an object with Status Success",
            "boolean": "True",
            "string": "a sentence",
        },
        _LOCAL,
    ),
    (
        "avma_set_failure",
        "How does Set-VMAutomaticActivation say that a key was refused?",
        {
            "error_record": "a non-terminating error with the code in its message",
            "status_object": "an object with Status Failed and ErrorCode, and no error",
            "throw": "a terminating error",
        },
        _LOCAL,
    ),
    (
        "avma_set_validation",
        "Does the key's form get checked before the function runs?",
        {"function": "the function takes any text and refuses it itself", "pattern": "a ValidatePattern refuses it"},
        _LOCAL,
    ),
    (
        "avma_set_parameter",
        "What is the parameter of Set-VMAutomaticActivation called that takes the key?",
        {"product_key": "-ProductKey, in first place", "key": "-Key, in first place"},
        _LOCAL,
    ),
    (
        "avma_set_same_key",
        "Does applying the key that is in force already take another activation?",
        {"counts_again": "it takes one more", "no_effect": "it takes none"},
        _LOCAL,
    ),
    (
        "event_payload",
        "How is %2 of events 12309 and 12310 laid out?",
        {
            "comma": "licence state, SKU id, VM id, host name, time, separated by commas",
            "lines": "one labelled value a line",
            "pairs": "Name=value pairs separated by semicolons",
            "vm_only": "the VM id alone",
            "no_ids": "edition and state in words, no id and no name",
            "blob": "one base64 line",
            "empty": "empty",
        },
        _AVMA,
    ),
    (
        "event_hresult",
        "How is %1 of events 12309 and 12310 written?",
        {"short": "0x0, 0xC004FD02", "padded": "0x00000000, 0xC004FD02", "lower": "0x0, 0xc004fd02"},
        _AVMA,
    ),
    (
        "projected_event_values",
        "What becomes of an event's insertion strings when Select-Object picks Properties?",
        {
            "objects": "a list of objects, each with its Value",
            "names": "a list of the class's name: the values are lost",
        },
        _PS,
    ),
    (
        "data_exchange_off",
        "What does an attempt return when Data Exchange is off or its guest service does not answer?",
        {
            "fd01": "0xC004FD01, an event 12309 in the guest, none on the host",
            "silent": "no error, no event and no licence: slmgr says that activation failed and ends with 0",
            "f034": "0xC004F034 and an event 12309 in the guest",
        },
        _AVMA,
    ),
    (
        "renewal",
        "When does an activated guest ask its host again?",
        {
            "half": "when half of the lease is left, then every twelve hours",
            "last_day": "in the last day of the lease, every four hours",
            "daily": "every day",
            "two_hours": "every two hours",
        },
        _AVMA,
    ),
    (
        "after_ipk",
        "Does the guest ask its host by itself after the key was installed?",
        {
            "immediate": "at once",
            "none": "not before /ato, a restart or Activate()",
            "two_minutes": "after two minutes",
        },
        _AVMA,
    ),
    (
        "host2025_guest2012r2",
        "May a Windows Server 2025 host, or a 2025 key on Azure Local, activate a 2012 R2 guest?",
        {"allowed": "yes", "refused": "no, 0xC004FD03"},
        "Microsoft's tables stop at 2016 for 2025 hosts",
    ),
    (
        "evaluation_parent",
        "Does an evaluation Datacenter host within its trial count as an activated parent?",
        {"refused": "no, 0xC004FD02", "accepted": "yes"},
        _AVMA,
    ),
    (
        "grace_parent",
        "Does a Datacenter host in its grace period count as an activated parent?",
        {"refused": "no, 0xC004FD02", "accepted": "yes"},
        _AVMA,
    ),
    (
        "standard_host_code",
        "What does a guest on a Standard host get?",
        {"fd02": "0xC004FD02", "fd03": "0xC004FD03", "fd01": "0xC004FD01"},
        _AVMA,
    ),
    (
        "azure_edition_on_server",
        "May a plain Windows Server Datacenter host activate an Azure Edition guest?",
        {"refused": "no, 0xC004FD03", "accepted": "yes"},
        _AVMA,
    ),
    (
        "azure_edition_by_key",
        "May an Azure Local host activate an Azure Edition guest with a key, not a subscription?",
        {"accepted": "yes", "refused": "no, 0xC004FD03"},
        "the key needs Software Assurance, which nothing on the host shows",
    ),
    (
        "azure_edition_family",
        "What is LicenseFamily of Datacenter: Azure Edition?",
        {
            "turbine": "ServerTurbine, ServerTurbineCor",
            "azure_cor": "ServerAzureCor",
            "datacenter_azure": "ServerDatacenterAzureEdition",
        },
        "public guest-agent code guesses three names",
    ),
    (
        "description_text",
        "What stands around VIRTUAL_MACHINE_ACTIVATION in Description?",
        {
            "operating_system": "Windows(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel",
            "server": "Windows Server(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel",
        },
        "slmgr.vbs tests for the token only",
    ),
    (
        "iaid_format",
        "What does an IAID look like?",
        {"digits": "63 digits", "guid": "a GUID", "hex": "32 hexadecimal digits", "empty": "empty before activation"},
        "slmgr.vbs prints it as it is",
    ),
    (
        "unactivated_state",
        "Which licence state does an installed AVMA key have before its first activation?",
        {
            "notification": "5, reason 0xC004F034",
            "unlicensed": "0, reason 0xC004F034",
            "oob_grace": "2, reason 0x4004F00C, ten days",
        },
        _AVMA,
    ),
    (
        "failed_reason",
        "What is LicenseStatusReason after a failed attempt?",
        {"keeps": "what it was before", "hresult": "the code of the attempt"},
        _AVMA,
    ),
    (
        "reinstall_same_key",
        "What does /ipk with the key that is already installed do to a running lease?",
        {"resets": "the guest has to activate again", "keeps": "the lease goes on"},
        _AVMA,
    ),
    (
        "slmgr_avma_language",
        "Does slmgr.vbs in another language than English have its lines on AVMA in that language?",
        {"translated": "yes, in words that are invented here", "english": "no, these lines stay English"},
        "no slmgr.ini of any language was found",
    ),
    (
        "grant_host_name",
        "How does AutomaticVMActivationHostMachineName name the host?",
        {"fqdn": "fully qualified", "short": "the bare computer name"},
        "slmgr.vbs prints it as it is",
    ),
    (
        "kvp_when_disabled",
        "What does the host keep of a guest's items when Data Exchange is off?",
        {"empty": "nothing", "stale": "the last ones it saw"},
        "Microsoft Learn hyperv_v2 says nothing of it",
    ),
    (
        "hci_status_property",
        "Which property of Get-AzureStackHCISubscriptionStatus holds the state?",
        {"status": "Status", "subscription_status": "SubscriptionStatus", "both": "both"},
        "AzureLocal-Supportability PR #329",
    ),
    (
        "hci_status_number",
        "Which number stands behind the state Active?",
        {"zero": "0, Inactive 1", "one": "1, Inactive 0", "two": "2, Inactive 1"},
        _LOCAL,
    ),
    (
        "hyperv_without_rights",
        "What does Get-VM say to a user who is no Hyper-V administrator?",
        {"empty": "nothing", "error": "a non-terminating error"},
        "differs between releases, about_Remote_Troubleshooting",
    ),
    (
        "component_id_form",
        "In which case does Id of Get-VMIntegrationService write the GUIDs of VM and component?",
        {"upper": "in capitals", "lower": "in small letters"},
        _PS,
    ),
    (
        "direct_bad_credential",
        "Which error id has a wrong PowerShell Direct credential?",
        {"broken": "PSSessionStateBroken", "invalid": "InvalidCredential", "create": "CreateRemoteRunspaceForVMFailed"},
        _PS,
    ),
    (
        "cim_error",
        "How does Invoke-CimMethod show an SL_E code?",
        {
            "hresult_id": "in the error id, HRESULT 0x...",
            "error_data": "as MI RESULT 1 in the id, the code in the message alone",
        },
        _PS,
    ),
    (
        "cluster_from_network_logon",
        "Does Get-ClusterNode work in a network logon without delegation?",
        {"works": "yes", "denied": "no, access denied"},
        _PS,
    ),
    (
        "script_block_refusal",
        "Which error id has a script block that was sent as a parameter, and arrives as text?",
        {"no_message": "CannotConvertArgumentNoMessage", "plain": "CannotConvertArgument"},
        _PS,
    ),
    (
        "unreadable_body",
        "What does a listener answer to a sealed body that it cannot open?",
        {
            "bad_request": "400 without a body",
            "unauthorized": "401, as to a stranger",
            "reset": "nothing: the connection ends",
        },
        _PS,
    ),
    (
        "edition_restarts",
        "How often does a guest restart until an edition set by DISM is there?",
        {"one": "once", "two": "twice, of which the second comes by itself"},
        "public scripts speak of one or two restarts",
    ),
)
