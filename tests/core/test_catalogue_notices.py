"""What Windows Admin Center and Azure's commands say is known under codes of ours, with the advice of our own flow."""

import pytest

from harness.core.catalogue import NoticeRow, notices, notices_in
from harness.core.verdict import causes
from harness.core.witnesses import explain

PASTES = {
    "Error: The key you entered didn’t work": "host_key_refused",
    'Error 1: "The key you entered didn\'t work."': "host_key_refused",
    "Some servers use keys for an older version of Windows Server.": "mixed_key_versions",
    "Activate Windows Server VMs\n\n  NODE-C    Server is down\n": None,
    "Activate Windows Server VMs\nNODE-C\nServer is down": "cluster_not_covered",
    "Couldn't check the status on this server": "avma_module_missing",
    "To use this feature, install the latest update.": "avma_module_missing",
    "One or more machines in the system don't have the latest changes to this setting.": "subscription_not_synced",
    "One or more servers in the cluster does not have the latest changes. We'll apply": "subscription_not_synced",
    "Unable to connect to service.": "subscription_azure_unreachable",
    "Operation timed out.": "subscription_azure_slow",
    "The file server is down the hall, and the operation timed out twice.": None,
}


@pytest.mark.parametrize(("text", "code"), PASTES.items(), ids=[str(number) for number in range(len(PASTES))])
def test_a_paste_is_known_by_its_words_and_by_nothing_like_them(text, code):
    assert [row.code for row in notices_in(text)] == ([code] if code else [])
    found = explain(text)
    assert [told.code for told in found.codes] == ([code] if code else [])
    assert (found.kind, found.verdict) == ("unknown", "unknown")
    assert any("known as output of slmgr.vbs" in sentence for sentence in found.sentences) is (code is None)


@pytest.mark.parametrize("row", notices(), ids=lambda row: row.code)
def test_the_answer_to_each_is_that_of_our_own_flow(row: NoticeRow):
    (told,) = explain(row.says[0]).codes
    assert told.name == row.says[0]
    assert told.meaning == row.meaning
    assert told.next_step == row.next_step
    if row.code in causes():
        assert row.next_step == causes()[row.code].next_step.format(host="the node", cluster="the cluster")
    else:
        assert row.code == "host_key_refused", "the outcome of an action, which takes the sentence from this table"
    assert row.source
    assert row.date


def test_a_message_beside_a_code_is_answered_beside_it():
    found = explain("Set-VMAutomaticActivation : The key you entered didn't work. Error: 0xC004F210")
    assert [told.code for told in found.codes] == ["0xC004F210", "host_key_refused"]
