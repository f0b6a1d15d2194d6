"""What slmgr.vbs prints for /dlv, /dli and /xpr, line by line in the script's own order."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from harness.sim.shell._texts import Texts, local_time_text
from harness.sim.world import FILETIME_ZERO, WINDOWS_APPLICATION, Installation, Row, World, product_rows

__all__ = ["display", "expiry", "selected_products", "texts_of"]

_AVMA = "VIRTUAL_MACHINE_ACTIVATION"
_KMS = "VOLUME_KMSCLIENT"
_TIMEBASED = "TIMEBASED_"
_NON_GENUINE, _GRACE_EXPIRED = 0xC004F200, 0xC004F009


def selected_products(world: World, windows: Installation, argument: str) -> list[Row]:
    """The products an argument selects: "all", an activation id; without one the primary and licensed add-ons."""
    rows = product_rows(windows, world.clock.now(), world.variants)
    wanted = argument.casefold()
    if wanted == "all":
        return rows
    if wanted:
        return [row for row in rows if str(row["ID"]).casefold() == wanted]
    ours = [row for row in rows if row["ApplicationID"] == WINDOWS_APPLICATION and row["PartialProductKey"]]
    primary = [row for row in ours if not row["LicenseIsAddon"]]
    return primary + [row for row in ours if row["LicenseIsAddon"] and row["LicenseStatus"] == 1]


def _number(row: Row, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0


def _days(minutes: int) -> int:
    return -(-minutes // 1440)


def texts_of(world: World, windows: Installation) -> Texts:
    """The script's texts on this computer."""
    return Texts(windows.language_tag, avma_translated=world.variants["slmgr_avma_language"] == "translated")


def display(world: World, windows: Installation, rows: list[Row], *, detailed: bool) -> Iterator[str]:
    """The lines of /dlv (``detailed``) or /dli."""
    text = texts_of(world, windows)
    if detailed:
        yield text("service_version", VERSION=windows.os.full_version)
    if not rows:
        yield text("no_product")
    for place, row in enumerate(rows):
        if detailed or place:
            yield ""
        yield from _product(world, windows, row, text, detailed=detailed)


def _product(world: World, windows: Installation, row: Row, text: Texts, *, detailed: bool) -> Iterator[str]:
    yield f"{text('name')}{row['Name']}"
    yield f"{text('description')}{row['Description']}"
    if detailed:
        yield from _identity(row, text)
    if row["PartialProductKey"]:
        yield f"{text('partial_key')}{row['PartialProductKey']}"
    else:
        yield text("not_in_use")
    yield from _status(row, text)
    if row["EvaluationEndDate"] != FILETIME_ZERO and isinstance(row["EvaluationEndDate"], datetime):
        yield f"{text('evaluation_end')}{local_time_text(windows, row['EvaluationEndDate'])}"
    if detailed and row["PartialProductKey"]:
        yield text("rearm_windows", COUNT=windows.licence.rearm_windows)
        yield text("rearm_sku", COUNT=row["RemainingSkuReArmCount"])
        if row["TrustedTime"] != FILETIME_ZERO:
            yield f"{text('trusted_time')}{local_time_text(windows, world.clock.now())}"
    if row["PartialProductKey"] and _KMS in str(row["Description"]):
        yield from _kms(windows, row, text)
    if row["PartialProductKey"] and _AVMA in str(row["Description"]):
        yield from _avma(windows, row, text)


def _identity(row: Row, text: Texts) -> Iterator[str]:
    yield f"{text('activation_id')}{row['ID']}"
    yield f"{text('application_id')}{row['ApplicationID']}"
    if row["ProductKeyID"]:
        yield f"{text('extended_pid')}{row['ProductKeyID']}"
    if row["ProductKeyChannel"]:
        yield f"{text('channel')}{row['ProductKeyChannel']}"
    if row["OfflineInstallationId"]:
        yield f"{text('installation_id')}{row['OfflineInstallationId']}"
    if _KMS in str(row["Description"]) or _AVMA in str(row["Description"]):
        return
    for key, name in (("use_license_url", "UseLicenseURL"), ("validation_url", "ValidationURL")):
        if row[name]:
            yield f"{text(key)}{row[name]}"


def _status(row: Row, text: Texts) -> Iterator[str]:
    status, minutes = _number(row, "LicenseStatus"), _number(row, "GracePeriodRemaining")
    yield text(f"status_{status}")
    if status == 1 and minutes:
        description = str(row["Description"])
        kind = "avma" if _AVMA in description else "timebased" if _TIMEBASED in description else "volume"
        yield text(f"expires_{kind}", MINUTE=minutes, DAY=_days(minutes))
    elif status == 5:
        yield _reason(_number(row, "LicenseStatusReason"), text)
    elif status in {2, 3, 4, 6}:
        yield text("time_remaining", MINUTE=minutes, DAY=_days(minutes))


def _reason(code: int, text: Texts) -> str:
    key = {_NON_GENUINE: "reason_nongenuine", _GRACE_EXPIRED: "reason_expired"}.get(code, "reason_other")
    return text(key, ERRCODE=f"{code:08X}")


def _kms(windows: Installation, row: Row, text: Texts) -> Iterator[str]:
    yield text("activation_type")
    if _number(row, "LicenseStatus") != 1:
        yield text("kms_update")
        return
    kms = windows.licence.kms
    yield ""
    yield text("recent")
    yield text("kms_heading")
    yield f"    {text('kms_client_id')}{kms.client_id}"
    found = row["DiscoveredKeyManagementServiceMachineName"]
    yield f"    {text('kms_from_dns')}{found}:{kms.port}" if found else f"    {text('kms_none')}"
    yield f"    {text('kms_pid')}{row['KeyManagementServiceProductKeyID']}"
    yield f"    {text('kms_activation', INTERVAL=120)}"
    yield f"    {text('kms_renewal', INTERVAL=10080)}"
    yield f"    {text('kms_caching')}"


def _avma(windows: Installation, row: Row, text: Texts) -> Iterator[str]:
    """The block is there only if a host name, a time or a PID2 is known: without it the guest never met a host."""
    none = text("not_available")
    yield f"{text('avma_iaid')}{row['IAID'] or none}"
    moment = row["AutomaticVMActivationLastActivationTime"]
    shown = local_time_text(windows, moment) if isinstance(moment, datetime) and moment != FILETIME_ZERO else ""
    host, pid2 = row["AutomaticVMActivationHostMachineName"], row["AutomaticVMActivationHostDigitalPid2"]
    if not (host or shown or pid2):
        return
    yield ""
    yield text("recent")
    yield text("avma_heading")
    yield f"    {text('avma_host')}{host or none}"
    yield f"    {text('avma_time')}{shown or none}"
    yield f"    {text('avma_pid2')}{pid2 or none}"


def expiry(world: World, windows: Installation, rows: list[Row]) -> Iterator[str]:
    """The lines of /xpr."""
    text = texts_of(world, windows)
    for row in rows:
        status, minutes = _number(row, "LicenseStatus"), _number(row, "GracePeriodRemaining")
        end = local_time_text(windows, world.clock.now() + timedelta(minutes=minutes))
        key = f"xpr_{status}"
        if status == 1 and minutes:
            description = str(row["Description"])
            key = "xpr_avma" if _AVMA in description else "xpr_timebased" if _TIMEBASED in description else "xpr_volume"
        yield f"{row['Name']}:"
        yield f"    {text(key, ENDDATE=end)}"
    if not rows:
        yield text("no_product")
