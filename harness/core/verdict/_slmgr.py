"""slmgr /dlv as a witness: the parser's product of Windows itself, in the words of the verdict."""

from dataclasses import dataclass

from harness.core.catalogue import code
from harness.core.witnesses import parse_slmgr

__all__ = ["DlvProduct", "windows_product"]


@dataclass(frozen=True, slots=True)
class DlvProduct:
    """``method`` as in ``licences.method_of``; ``status`` LicenseStatus; ``reason`` an unsigned code."""

    method: str
    tail: str | None
    status: int | None
    expires_minutes: int | None
    reason: int | None


def windows_product(text: str) -> DlvProduct | None:
    """The operating system's own licence in a /dlv output of any language, or None where none can be told."""
    product = parse_slmgr(text).windows
    if product is None or product.not_in_use:
        return None
    row = code(product.notification_reason) if product.notification_reason else None
    return DlvProduct(
        method=product.method or "unknown",
        tail=product.partial_product_key,
        status=product.license_status,
        expires_minutes=product.expires_minutes,
        reason=row.value if row else None,
    )
