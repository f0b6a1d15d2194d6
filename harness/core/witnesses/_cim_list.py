"""Licences that PowerShell printed as "Property : value" lists, as Get-CimInstance SoftwareLicensingProduct does."""

import re
from collections.abc import Iterator, Sequence

from harness.core.catalogue import code
from harness.core.witnesses._codes import code_text
from harness.core.witnesses._slmgr_records import AvmaClient, SlmgrProduct
from harness.core.witnesses._slmgr_shapes import description_channel, edition_in, is_addon
from harness.core.witnesses.cim import licence_record

__all__ = ["listed_licences"]

_PROPERTY = re.compile(r"([A-Za-z0-9]{2,60})[ \t]{0,60}:(?: (.*)|$)")
_TELLING = frozenset(
    {"licensestatus", "productkeychannel", "partialproductkey", "licensefamily", "graceperiodremaining"}
)


def listed_licences(lines: Sequence[str]) -> tuple[SlmgrProduct, ...]:
    """Each licence of such a list; empty where the text is none. A list needs at least two properties of the class."""
    rows = [row for row in _rows(lines) if len(_TELLING & row.keys()) >= 2]
    return tuple(_product(row) for row in rows)


def _rows(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    row: dict[str, str] = {}
    for line in lines:
        match = _PROPERTY.fullmatch(line[:2000])
        name = match[1].lower() if match else ""
        if not match or name in row:
            if row and (match or not line.strip()):
                yield row
                row = {}
            if not match:
                continue
        row[name] = (match[2] or "").strip()
    if row:
        yield row


def _product(row: dict[str, str]) -> SlmgrProduct:
    record = licence_record(row)
    reason = code(record.reason) if record.reason else None
    shown = code_text(record.reason) if record.reason and (reason is None or record.status != 1) else None
    named = record.is_windows or (record.application_id is None and "Windows" in (record.name or ""))
    return SlmgrProduct(
        name=record.name,
        description=record.description,
        edition=edition_in(record.name or "") or record.license_family,
        channel=description_channel(record.description or ""),
        application_id=record.application_id,
        activation_id=record.activation_id,
        extended_pid=row.get("productkeyid") or None,
        partial_product_key=record.partial_product_key,
        product_key_channel=record.product_key_channel,
        license_status=record.status,
        expires_minutes=record.grace_minutes or None,
        notification_reason=shown if record.status == 5 else None,
        is_addon=record.is_addon or is_addon(record.name or ""),
        is_windows=named and not record.is_addon and not is_addon(record.name or ""),
        avma=AvmaClient(record.iaid, record.avma_host, row.get("automaticvmactivationlastactivationtime") or None)
        if record.is_avma
        else None,
    )
