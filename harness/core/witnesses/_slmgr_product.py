"""Reads one product's lines. Shapes and the script's line order decide; label tables settle what looks alike.

slmgr.vbs prints a product in this order: name, description, ids, extended PID, channel, installation id, URLs, partial
key (or "not in use"), status, what is left of it, evaluation end, rearm counts, trusted time, KMS or AVMA information.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.core.catalogue import edition_of_family
from harness.core.witnesses._codes import code_text, first_code
from harness.core.witnesses._languages import languages, skeleton, status_of_word
from harness.core.witnesses._slmgr_avma import read_avma
from harness.core.witnesses._slmgr_records import SlmgrProduct
from harness.core.witnesses._slmgr_shapes import (
    CHANNEL,
    DATE,
    HOST_AND_PORT,
    INTEGER,
    KEY_TAIL,
    PRODUCT_ID,
    days_left,
    edition_in,
    field_of,
    guid_in,
    is_addon,
    status_in,
)
from harness.core.witnesses._stems import speaks_of_activation
from harness.core.witnesses._text import is_masked, split_label

__all__ = ["WINDOWS_APPLICATION_ID", "ProductLines", "read_product"]

_TO_DIGITS = str.maketrans("OoIl", "0011")
WINDOWS_APPLICATION_ID = "55c92734-d682-4d71-983e-d6ec3f16059f"


@dataclass(slots=True)
class ProductLines:
    """The lines of one product, name and description already read."""

    name: str | None
    description: str | None
    channel: str | None
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Draft:
    """A product while it is read, and where in the script's order the reader stands."""

    language: str | None
    product: SlmgrProduct
    guids: list[str] = field(default_factory=list)
    integers: list[int] = field(default_factory=list)
    status_seen: bool = False
    status_next: bool = False
    """The line before was the key, a masked value or "not in use": the status may come now."""
    loose: bool = False
    """The line before had no colon: "This license is not in use." stands like this."""
    remaining_next: bool = False
    told_to_activate: bool = False
    """The script asked for /ato: it does so for a KMS client that is not licensed."""
    kms_block: bool = False
    tail: list[str] = field(default_factory=list)


def read_product(found: ProductLines, language: str | None) -> SlmgrProduct:
    """One product from its lines."""
    addon = is_addon(found.name or "") or is_addon(found.description or "")
    start = SlmgrProduct(
        name=found.name,
        description=found.description,
        edition=edition_in(found.name or ""),
        channel=found.channel,
        is_addon=addon,
    )
    draft = _Draft(language, start)
    for line in found.lines:
        if line.strip():
            (_after_status if draft.status_seen else _before_status)(draft, line)
    return _finished(draft)


def _before_status(draft: _Draft, line: str) -> None:
    pair = split_label(line)
    if pair is None:
        _without_colon(draft, line)
        return
    label, value = pair
    name = field_of(label, draft.language)
    if name == "status" or (draft.status_next and name is None and _may_be_status(draft, value)):
        _status(draft, value)
        return
    if "://" in value or any(reader(draft, value, name) for reader in _READERS):
        draft.loose = False
        return
    if name is None and status_of_word(value, draft.language) is not None:
        _status(draft, value)
    elif is_masked(value):
        draft.status_next = True
    draft.loose = False


def _may_be_status(draft: _Draft, value: str) -> bool:
    """Whether a value in the status's place can be one: words, neither an id nor a number nor an address."""
    if status_in(value, draft.language) is not None:
        return True
    other = is_masked(value) or "://" in value or "=" in value or bool(INTEGER.fullmatch(value))
    return not other and (draft.product.partial_product_key is not None or draft.product.not_in_use)


def _without_colon(draft: _Draft, line: str) -> None:
    text = skeleton(line[:200])
    if any(phrase in text for words in languages() for phrase in words.not_in_use):
        draft.product = replace(draft.product, not_in_use=True)
        draft.status_next = True
    elif "=" not in line and not is_masked(line):
        draft.loose = True


def _status(draft: _Draft, value: str) -> None:
    draft.status_seen = True
    draft.remaining_next = True
    unused = draft.product.not_in_use or (draft.loose and draft.product.partial_product_key is None)
    draft.product = replace(draft.product, license_status=status_in(value, draft.language), not_in_use=unused)


def _read_guid(draft: _Draft, value: str, _name: str | None) -> bool:
    guid = guid_in(value)
    if guid is not None:
        draft.guids.append(guid)
    return guid is not None


def _read_product_id(draft: _Draft, value: str, _name: str | None) -> bool:
    if not PRODUCT_ID.fullmatch(value):
        return False
    draft.product = replace(draft.product, extended_pid=value)
    return True


def _read_channel(draft: _Draft, value: str, _name: str | None) -> bool:
    if not CHANNEL.fullmatch(value):
        return False
    spelt = "VT:IA" if value.casefold() in {"vt:ia", "vt:la", "vt:1a"} else value
    draft.product = replace(draft.product, product_key_channel=spelt)
    return True


def _read_installation_id(draft: _Draft, value: str, _name: str | None) -> bool:
    digits = value.replace(" ", "").translate(_TO_DIGITS)
    if not digits.isdecimal() or len(digits) < 40:
        return False
    draft.product = replace(draft.product, installation_id=digits)
    return True


def _read_key(draft: _Draft, value: str, name: str | None) -> bool:
    masked = is_masked(value)
    if not (name == "partial_key" if masked else KEY_TAIL.fullmatch(value)):
        return False
    if not masked:
        draft.product = replace(draft.product, partial_product_key=value)
    draft.status_next = True
    return True


_READERS: Sequence[Callable[[_Draft, str, str | None], bool]] = (
    _read_guid,
    _read_product_id,
    _read_channel,
    _read_installation_id,
    _read_key,
)


def _after_status(draft: _Draft, line: str) -> None:
    if draft.remaining_next and _remaining(draft, line):
        return
    draft.remaining_next = False
    label, value = split_label(line) or ("", "")
    if "slmgr" in line.casefold():
        draft.told_to_activate = True
    elif draft.tail or "iaid" in label.casefold() or not _counted(draft, label, value):
        _behind(draft, line, label, value)


def _remaining(draft: _Draft, line: str) -> bool:
    """The lines right behind the status: a notification's reason, or the minutes left."""
    reason, minutes = first_code(line), days_left(line)
    if reason is not None:
        if draft.product.license_status in {None, 5}:
            draft.product = replace(draft.product, notification_reason=code_text(reason))
    elif minutes is not None:
        draft.product = replace(draft.product, expires_minutes=minutes, expiration=line.strip())
    return reason is not None or minutes is not None


def _counted(draft: _Draft, label: str, value: str) -> bool:
    """Evaluation end, the two rearm counts and the trusted time, in this order."""
    if INTEGER.fullmatch(value) and len(draft.integers) < 2:
        draft.integers.append(int(value))
        return True
    if DATE.search(value[:60]):
        if draft.integers or field_of(label, draft.language) == "trusted_time":
            draft.product = replace(draft.product, trusted_time=value)
        else:
            draft.product = replace(draft.product, evaluation_end=value)
        return True
    if KEY_TAIL.fullmatch(value) and field_of(label, draft.language) == "partial_key":
        # Office's own script prints the key behind the status
        draft.product = replace(draft.product, partial_product_key=value)
        return True
    return False


def _behind(draft: _Draft, line: str, label: str, value: str) -> None:
    if HOST_AND_PORT.fullmatch(value) and draft.product.kms_machine is None:
        draft.product = replace(draft.product, kms_machine=value)
    if "CMID" in label or (guid_in(value) is not None and "iaid" not in label.casefold()):
        draft.kms_block = True
    draft.tail.append(line)


def _finished(draft: _Draft) -> SlmgrProduct:
    product = draft.product
    others = [guid for guid in draft.guids if guid != WINDOWS_APPLICATION_ID]
    found = len(others) < len(draft.guids)
    application = WINDOWS_APPLICATION_ID if found else (others[1] if len(others) > 1 else None)
    product = replace(
        product,
        activation_id=others[0] if others else None,
        application_id=application,
        windows_rearm_count=next(iter(draft.integers), None),
        sku_rearm_count=next(iter(draft.integers[1:]), None),
        license_status=_settled_status(draft),
        is_windows=not product.is_addon and _belongs_to_windows(product, application),
        not_in_use=product.not_in_use and product.partial_product_key is None,
    )
    return replace(product, avma=read_avma(draft.tail, draft.language)) if product.is_avma else product


def _belongs_to_windows(product: SlmgrProduct, application: str | None) -> bool:
    if application is not None:
        return application == WINDOWS_APPLICATION_ID
    known = edition_of_family(product.edition) is not None if product.edition else False
    return known or "Windows" in (product.name or product.description or "")


def _settled_status(draft: _Draft) -> int | None:
    """The status line's own word; else what the lines behind it can only mean."""
    product = draft.product
    number = product.license_status
    if product.notification_reason is not None and number is None:
        return 5
    if number is not None or not draft.status_seen:
        return number
    if product.expiration is not None:
        return 1 if speaks_of_activation(product.expiration) else None
    if product.channel == "VOLUME_KMSCLIENT" and (draft.told_to_activate or draft.kms_block):
        return 0 if draft.told_to_activate else 1
    return None
