"""`avma explain`: the document's fields, a sentence with a next step for every code, an auditor's conclusion."""

from dataclasses import asdict

import pytest

from harness.core.catalogue import CodeRow, codes
from harness.core.witnesses import explain

NAME = "Name: Windows(R), ServerStandard edition"
AVMA = "Description: Windows(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel"
ACTIVATING = "Activating Windows(R), ServerStandard edition (de32eafd-aaee-4662-9444-c1befb41bde2) ..."
FIELDS = {
    "name",
    "description",
    "edition",
    "channel",
    "application_id",
    "activation_id",
    "partial_product_key",
    "product_key_channel",
    "license_status",
    "expires_minutes",
    "notification_reason",
    "is_windows",
    "avma",
}


def listing(*lines: str, name: str = NAME, description: str = AVMA) -> str:
    return "\n".join([name, description, *lines])


def test_the_document_has_the_fields_of_its_contract() -> None:
    document = asdict(explain(listing("Partial Product Key: 78VHK", "License Status: Licensed")))
    assert {"kind", "language", "products", "codes", "verdict"} <= document.keys()
    assert document["products"][0].keys() >= FIELDS
    assert document["products"][0]["avma"].keys() >= {"host_machine_name", "activation_time", "guest_iaid"}


@pytest.mark.parametrize("row", [row for row in codes() if row.value], ids=lambda row: row.code)
def test_every_code_reaches_its_meaning_and_its_next_step(row: CodeRow) -> None:
    found = explain(f"Error: {row.code} On a computer running Microsoft Windows non-core edition, run 'slui.exe 0x2a'")
    assert [code.code for code in found.codes] == [row.code]
    assert (found.codes[0].name, found.codes[0].meaning, found.codes[0].next_step) == (
        row.name,
        row.meaning,
        row.next_step,
    )
    assert any(row.meaning in sentence and row.next_step in sentence for sentence in found.sentences)


def test_a_code_the_catalogue_lacks_still_gets_a_next_step() -> None:
    found = explain("Error: 0xC004ABCD text")
    assert found.codes[0].code == "0xC004ABCD"
    assert "slui.exe 0x2a 0xC004ABCD" in found.codes[0].next_step
    assert "does not know" in found.codes[0].meaning


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            listing(
                "Partial Product Key: 78VHK",
                "License Status: Licensed",
                "Automatic VM activation expiration: 10080 minute(s) (7 day(s))",
            ),
            [
                "activated by the Hyper-V host",
                "10080 minutes (7 days) left",
                "AVMA key of Windows Server 2022 Standard",
            ],
        ),
        (
            listing(
                "Partial Product Key: 78VHK",
                "License Status: Notification",
                "Notification Reason: 0xC004FD02.",
                "Guest IAID: Not Available",
            ),
            ["No host has ever answered", "0xC004FD02"],
        ),
        (
            listing(
                "Partial Product Key: 78VHK",
                "License Status: Licensed",
                "Automatic VM activation expiration: 9 minute(s) (1 day(s))",
                "Guest IAID: x",
                "",
                "Most recent activation information:",
                "Automatic VM Activation client information",
                "    Host machine name: HV01",
                "    Activation time: 3/4/2026 10:11:12 AM",
                "    Host Digital PID2: 5",
            ),
            ["The host HV01 granted the last activation at 3/4/2026 10:11:12 AM."],
        ),
        (
            listing("Partial Product Key: DV9BG", "License Status: Notification", "Notification Reason: 0xC004F210."),
            ["that of another edition: Datacenter instead of Standard"],
        ),
        (
            listing(
                "Partial Product Key: 78VHK",
                "License Status: Licensed",
                "Automatic VM activation expiration: 20000 minute(s) (14 day(s))",
            ),
            ["more than an AVMA lease can have"],
        ),
        (
            listing(
                "Partial Product Key: J2T92",
                "License Status: Licensed",
                name="Name: Windows(R), ServerDatacenterEval edition",
                description="Description: Windows(R) Operating System, TIMEBASED_EVAL channel",
            ),
            ["takes no AVMA key", "DISM /online /Set-Edition"],
        ),
        (
            listing(
                "Partial Product Key: T83GX",
                "License Status: Licensed",
                name="Name: Windows(R), Professional edition",
                description="Description: Windows(R) Operating System, VOLUME_KMSCLIENT channel",
            ),
            ["client Windows", "no published AVMA key"],
        ),
        (
            listing("This license is not in use.", "License Status: Unlicensed"),
            ["this licence is not in use"],
        ),
        (
            f"{ACTIVATING}\nError: Product activation failed.",
            ["The activation failed.", "exit code 0 all the same"],
        ),
        (
            "Installed product key YDFWN-MJ9JR-3DYRK-FXXRW-78VHK successfully.",
            ["alone is no activation", "AVMA key of Windows Server 2022 Standard"],
        ),
        ("Reply from 127.0.0.1", ["Nothing in this text"]),
    ],
)
def test_what_the_text_says_is_said_in_words(text: str, words: list[str]) -> None:
    sentences = " ".join(explain(text).sentences)
    for word in words:
        assert word in sentences, sentences


def test_the_sentences_never_repeat_a_whole_secret_key() -> None:
    key = "BCDFG-HJKMP-QRTVW-XY234-67899"
    found = explain(f"PS C:\\> slmgr /ipk {key}\nInstalled product key {key} successfully.")
    assert "BCDFG" not in str(asdict(found))


def test_licences_printed_by_powershell_are_explained_too() -> None:
    found = explain(
        "Name                 : Windows(R), ServerStandard edition\n"
        "Description          : Windows(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel\n"
        "ApplicationID        : 55c92734-d682-4d71-983e-d6ec3f16059f\n"
        "PartialProductKey    : 78VHK\n"
        "ProductKeyChannel    : VT:IA\n"
        "LicenseStatus        : 5\n"
        "LicenseStatusReason  : 3221552386\n"
        "GracePeriodRemaining : 0\n"
    )
    product = found.products[0]
    assert found.verdict == "not_activated"
    assert (product.license_status, product.notification_reason, product.partial_product_key) == (
        5,
        "0xC004FD02",
        "78VHK",
    )
    assert any("0xC004FD02" in sentence for sentence in found.sentences)


def test_two_licences_printed_by_powershell_are_two_products() -> None:
    found = explain(
        "Name              : Office 16, Office16ProPlusVL_KMS_Client edition\n"
        "ApplicationID     : 0ff1ce15-a989-479d-af46-f275c6370663\n"
        "LicenseStatus     : 1\nPartialProductKey : WFG99\n\n"
        "Name              : Windows(R), ServerStandard edition\n"
        "ApplicationID     : 55c92734-d682-4d71-983e-d6ec3f16059f\n"
        "LicenseStatus     : 0\nPartialProductKey : 78VHK\n"
    )
    assert [product.is_windows for product in found.products] == [False, True]
    assert found.verdict == "not_activated"
