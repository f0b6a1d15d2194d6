"""Every open question, by the name it has in the variant register, and which of them reading can settle."""

from collections.abc import Callable, Mapping

from harness.windows.capture._guest_rules import GUEST_RULES
from harness.windows.capture._host_rules import HOST_RULES
from harness.windows.capture._material import Material
from harness.windows.capture._request_rules import REQUEST_RULES
from harness.windows.capture._sightings import Sighting, unseen

__all__ = ["QUESTIONS", "answer_all"]

_KEY = "It shows only when a host key is applied, which is permanent: note it when you do."
_CHANGES: Mapping[str, str] = {
    "avma_set_output": _KEY,
    "avma_set_failure": _KEY,
    "avma_set_same_key": "Applying a key a second time may take another activation: leave it.",
    "after_ipk": "It shows only after a key was installed, and somebody's /ato leaves the same traces.",
    "reinstall_same_key": "It takes installing a key again.",
    "direct_bad_credential": "It takes a failed logon in a guest, which is logged and may lock an account.",
    "cim_error": "It takes an activation that fails.",
    "script_block_refusal": "It takes a script block in a request, and the harness sends none.",
    "unreadable_body": "It takes a damaged message, and no host in service is sent one.",
    "edition_restarts": "It takes a change of edition, which cannot be undone.",
}

QUESTIONS: Mapping[str, str] = {
    "avma_get_shape": "What does Get-VMAutomaticActivation put out on a node whose key works?",
    "avma_get_unset": "What does Get-VMAutomaticActivation put out on a node without a key?",
    "avma_set_output": "What does Set-VMAutomaticActivation put out when the key works?",
    "avma_set_failure": "How does Set-VMAutomaticActivation say that a key was refused?",
    "avma_set_validation": "Does the key's form get checked before Set-VMAutomaticActivation runs?",
    "avma_set_parameter": "What is the parameter of Set-VMAutomaticActivation called that takes the key?",
    "avma_set_same_key": "Does applying the key that is in force take another activation?",
    "event_payload": "How is %2 of events 12309 and 12310 laid out?",
    "event_hresult": "How is %1 of events 12309 and 12310 written?",
    "projected_event_values": "What becomes of an event's values when Select-Object picks Properties?",
    "data_exchange_off": "What does an attempt return when Data Exchange is off?",
    "renewal": "When does an activated guest ask its host again?",
    "after_ipk": "Does the guest ask its host by itself after the key was installed?",
    "host2025_guest2012r2": "May a 2025 host, or a 2025 key, activate a 2012 R2 guest?",
    "evaluation_parent": "Does an evaluation Datacenter host count as an activated parent?",
    "grace_parent": "Does a Datacenter host in its grace period count as an activated parent?",
    "standard_host_code": "What does a guest on a Standard host get?",
    "azure_edition_on_server": "May a Windows Server Datacenter host activate an Azure Edition guest?",
    "azure_edition_by_key": "May an Azure Local host activate an Azure Edition guest by its key?",
    "azure_edition_family": "What is LicenseFamily of Datacenter: Azure Edition?",
    "description_text": "What stands around VIRTUAL_MACHINE_ACTIVATION in Description?",
    "iaid_format": "What does an IAID look like?",
    "unactivated_state": "Which state does an AVMA key have before its first activation?",
    "failed_reason": "What is LicenseStatusReason after a failed attempt?",
    "reinstall_same_key": "What does /ipk with the same key do to a running lease?",
    "slmgr_avma_language": "Does slmgr.vbs have its lines on AVMA in the guest's language?",
    "grant_host_name": "How does a guest's licence name the host that granted it?",
    "kvp_when_disabled": "What does a host keep of a guest's items when Data Exchange is off?",
    "hci_status_property": "Which property of Get-AzureStackHCISubscriptionStatus holds the state?",
    "hci_status_number": "Which number stands behind the state Active?",
    "hyperv_without_rights": "What does Get-VM say to a user who is no Hyper-V administrator?",
    "component_id_form": "In which case are the GUIDs in Id of Get-VMIntegrationService?",
    "direct_bad_credential": "Which error id has a wrong PowerShell Direct credential?",
    "cim_error": "How does Invoke-CimMethod show an SL_E code?",
    "cluster_from_network_logon": "Does Get-ClusterNode work in a network logon without delegation?",
    "script_block_refusal": "Which error id has a script block that was sent as a parameter?",
    "unreadable_body": "What does a listener answer to a sealed body that it cannot open?",
    "edition_restarts": "How often does a guest restart while DISM changes its edition?",
}
"""What is asked, in the register's order."""

_RULES: Mapping[str, Callable[[Material], Sighting]] = {**HOST_RULES, **REQUEST_RULES, **GUEST_RULES}


def answer_all(material: Material) -> dict[str, Sighting]:
    """A sighting for every question, in order; those that a change would take say so."""
    return {
        name: _RULES[name](material) if name in _RULES else unseen(f"Not seen by reading. {_CHANGES[name]}")
        for name in QUESTIONS
    }
