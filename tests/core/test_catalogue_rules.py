"""Who may activate whom, and what a build, a SKU, a family, a key's tail or a code stands for."""

import pytest

from harness.core.catalogue import (
    AZURE_EDITION,
    RELEASE_ORDER,
    avma_key,
    azure_local_supports,
    azure_release_of_build,
    channel_of_token,
    code,
    component_status,
    edition_of_family,
    edition_of_name,
    edition_of_sku,
    event,
    gvlk,
    host_supports,
    is_public_key,
    key_by_tail,
    keys,
    matrix,
    normal_release,
    notifications,
    release_of_build,
    release_rank,
    sku,
)

SERVERS = ("2012 R2", "2016", "2019", "2022", "2025")


@pytest.mark.parametrize("host", SERVERS)
@pytest.mark.parametrize("guest", SERVERS)
def test_a_host_activates_guests_that_are_not_newer_than_itself(host: str, guest: str) -> None:
    cell = host_supports(host, guest)
    if (host, guest) == ("2025", "2012 R2"):
        assert cell.supported is None
    else:
        assert cell.supported is (SERVERS.index(guest) <= SERVERS.index(host))
    assert cell.source
    assert (cell.host, cell.guest) == (host, guest)


def test_the_mangled_blog_table_is_not_repeated() -> None:
    assert host_supports("2019", "2022").supported is False
    assert host_supports("2016", "2019").supported is False
    assert host_supports("2016", "2022").supported is False


@pytest.mark.parametrize(
    ("host", "guest", "expected"),
    [
        ("2019", "1909", True),
        ("2019", "1809", True),
        ("2016", "1803", True),
        ("2016", "1903", False),
        ("1909", "2019", True),
        ("2022", "2004", None),
        ("2022", "20H2", None),
        ("2019", "20H2", False),
        ("2025", "23H2", None),
        ("2022", "2012", False),
        ("2012", "2012", False),
        ("2012", "2012 R2", False),
        ("2022", "2008 R2", False),
        ("2022", "2003", None),
        ("what", "2022", None),
        ("2022", "2031", None),
    ],
)
def test_other_pairs_follow_the_rule_or_stay_unknown(host: str, guest: str, expected: bool | None) -> None:
    assert host_supports(host, guest).supported is expected


def test_an_azure_edition_guest_on_a_plain_host_is_unknown_but_a_newer_one_is_refused() -> None:
    assert host_supports("2022", "2022", AZURE_EDITION).supported is None
    assert host_supports("2019", "2022", AZURE_EDITION).supported is False


@pytest.mark.parametrize(
    ("licensing", "guest", "edition", "expected"),
    [
        ("2019", "2012 R2", None, True),
        ("2019", "2019", "Essentials", True),
        ("2019", "2022", None, False),
        ("2019", "2025", None, False),
        ("2022", "2022", "Standard", True),
        ("2022", "2025", None, False),
        ("2025", "2012 R2", None, None),
        ("2025", "2025", None, True),
        ("subscription", "2012 R2", None, True),
        ("subscription", "2025", None, True),
        ("subscription", "2022", AZURE_EDITION, True),
        ("subscription", "2025", AZURE_EDITION, True),
        ("2019", "2022", AZURE_EDITION, None),
        ("2022", "2022", AZURE_EDITION, None),
        ("2025", "2022", AZURE_EDITION, None),
        ("2022", "1909", None, True),
        ("2022", "2012", None, False),
        ("2022", "nonsense", None, None),
        ("subscription", "23H2", None, None),
    ],
)
def test_azure_local_hosts_activate_by_their_key_or_subscription(
    licensing: str, guest: str, edition: str | None, expected: bool | None
) -> None:
    assert azure_local_supports(licensing, guest, edition).supported is expected  # type: ignore[arg-type]


def test_the_matrix_holds_both_tables_with_three_kinds_of_answers() -> None:
    cells = matrix()
    assert {cell.supported for cell in cells} == {True, False, None}
    assert any(cell.host == "Azure Local, subscription" for cell in cells)
    assert any(cell.host == "2012 R2" for cell in cells)


@pytest.mark.parametrize(
    ("release", "edition", "tail"),
    [
        ("2025", "Datacenter", "VCH67"),
        ("2022", "standard", "78VHK"),
        ("2022", AZURE_EDITION, "VMK3J"),
        ("Windows Server 2019", "Essentials", "HFV28"),
        ("1909", "Datacenter", "WMBMW"),
        ("1709", "Standard", "4RHYD"),
        ("2012R2", "Datacenter", "DV4TW"),
    ],
)
def test_the_avma_key_follows_release_and_edition(release: str, edition: str, tail: str) -> None:
    row = avma_key(release, edition)
    assert row is not None
    assert row.last5 == tail


@pytest.mark.parametrize(
    ("release", "edition"),
    [
        ("2012", "Datacenter"),
        ("2022", "Essentials"),
        ("2025", "Essentials"),
        ("2004", "Standard"),
        ("23H2", "Datacenter"),
    ],
)
def test_where_no_key_is_published_there_is_none(release: str, edition: str) -> None:
    assert avma_key(release, edition) is None


def test_a_tail_names_its_key_and_prefers_the_long_term_release() -> None:
    row = key_by_tail("wmbmw ")
    assert row is not None
    assert (row.release, row.edition, row.kind) == ("2019", "Datacenter", "AVMA")
    kms = key_by_tail("J464C")
    assert kms is not None
    assert kms.kind == "GVLK"
    assert key_by_tail("AAAAA") is None


def test_public_keys_are_told_from_secret_ones_with_or_without_dashes() -> None:
    assert is_public_key("ydfwn-mj9jr-3dyrk-fxxrw-78vhk")
    assert is_public_key("YDFWNMJ9JR3DYRKFXXRW78VHK")
    assert not is_public_key("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE")


def test_keys_are_listed_by_kind() -> None:
    assert {row.kind for row in keys()} == {"AVMA", "GVLK"}
    assert {row.kind for row in keys("GVLK")} == {"GVLK"}
    row = gvlk("2022", "Datacenter")
    assert row is not None
    assert row.last5 == "6VM33"


@pytest.mark.parametrize(
    ("build", "release", "azure"),
    [
        (9600, "2012 R2", None),
        (14393, "2016", None),
        (16299, "1709", None),
        (17763, "2019", None),
        (18363, "1909", None),
        (20348, "2022", "21H2"),
        (20349, None, "22H2"),
        (17784, None, "20H2"),
        (25398, "23H2", "23H2"),
        (26100, "2025", "24H2"),
        (22631, None, None),
    ],
)
def test_a_build_names_a_release_and_maybe_an_azure_one(build: int, release: str | None, azure: str | None) -> None:
    assert release_of_build(build) == release
    assert azure_release_of_build(build) == azure


def test_the_release_order_is_the_order_of_ranks() -> None:
    ranks = [release_rank(name) for name in RELEASE_ORDER]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert release_rank("2012 R2") > release_rank("2012")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Windows Server 2012 R2 Standard", "2012 R2"),
        ("Microsoft Windows Server 2022 Datacenter", "2022"),
        ("WS2025", "2025"),
        ("version 1909", "1909"),
        ("20h2", "20H2"),
        ("Windows 10 Pro", None),
        ("", None),
    ],
)
def test_releases_are_recognised_inside_captions(text: str, name: str | None) -> None:
    assert normal_release(text) == name


@pytest.mark.parametrize(
    ("number", "edition"),
    [
        (7, "Standard"),
        (8, "Datacenter"),
        (12, "Datacenter"),
        (13, "Standard"),
        (50, "Essentials"),
        (407, AZURE_EDITION),
        (408, AZURE_EDITION),
        (406, None),
        (42, None),
        (48, None),
        (9999, None),
    ],
)
def test_an_operating_system_sku_names_its_edition(number: int, edition: str | None) -> None:
    assert edition_of_sku(number) == edition


def test_evaluation_core_and_client_are_flags_beside_the_edition() -> None:
    evaluation = sku(80)
    assert evaluation is not None
    assert (evaluation.edition, evaluation.evaluation) == ("Datacenter", True)
    core = edition_of_family("ServerStandardEvalCor")
    assert core is not None
    assert (core.edition, core.evaluation, core.core) == ("Standard", True, True)
    client = edition_of_name("Windows(R), Professional edition")
    assert client is not None
    assert (client.edition, client.client) == (None, True)
    hci = sku(406)
    assert hci is not None
    assert hci.label == "Azure Stack HCI"


@pytest.mark.parametrize(
    ("name", "edition"),
    [
        ("Windows(R), ServerStandard edition", "Standard"),
        ("Windows(R), ServerDatacenterCor edition", "Datacenter"),
        ("Windows(R), ServerTurbine edition", AZURE_EDITION),
        ("Windows(R), ServerSolution edition", "Essentials"),
        ("Windows Server(R), ServerStandard edition", "Standard"),
        ("Office 21, Office21ProPlus2021VL_KMS_Client_AE edition", None),
    ],
)
def test_a_licence_name_leads_to_its_edition(name: str, edition: str | None) -> None:
    info = edition_of_name(name)
    assert (info.edition if info else None) == edition


@pytest.mark.parametrize(
    "value",
    [0xC004FD02, -1073414910, "0xC004FD02", "c004fd02", "C004FD02", "-1073414910", "3221552386", " 0xc004fd02 "],
)
def test_a_code_is_found_in_each_of_its_disguises(value: int | str) -> None:
    row = code(value)
    assert row is not None
    assert row.code == "0xC004FD02"
    assert row.signed == -1073414910
    assert row.cause == "host_not_activated"


@pytest.mark.parametrize("value", ["", "hello", "0xZZ", "0xC004FD0200", 0xC004AAAA])
def test_what_is_no_known_code_has_no_row(value: int | str) -> None:
    assert code(value) is None


def test_an_event_is_found_by_its_short_and_its_full_id() -> None:
    short, full = event(12309), event(0x40003015)
    assert short is not None
    assert short == full
    assert short.about == "avma_guest"
    assert event(1) is None


def test_the_four_notification_names_are_there() -> None:
    assert {row.name for row in notifications()} == {
        "AVMA Success",
        "Invalid Host",
        "Invalid Data",
        "Activation Denied",
    }


@pytest.mark.parametrize(
    ("token", "method"),
    [
        ("VT:IA", "avma"),
        ("VIRTUAL_MACHINE_ACTIVATION", "avma"),
        ("VOLUME_KMSCLIENT", "kms"),
        ("VOLUME_KMS_2012-R2_WIN10", "kms_host"),
        ("VOLUME_KMS_WS19", "kms_host"),
        ("TIMEBASED_EVAL", "evaluation"),
        ("OEM_DM", "oem"),
        ("retail", "retail"),
    ],
)
def test_a_channel_word_names_its_method(token: str, method: str) -> None:
    row = channel_of_token(token)
    assert row is not None
    assert row.method == method


def test_an_unknown_channel_word_has_no_method() -> None:
    assert channel_of_token("SOMETHING_ELSE") is None


def test_no_contact_is_twelve() -> None:
    row = component_status(12)
    assert row is not None
    assert row.name == "NoContact"
    assert component_status(1) is None
