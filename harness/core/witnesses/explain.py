"""Says what a pasted slmgr output or event means and what to do next (document avma/explain/1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.core.catalogue import code as catalogue_code
from harness.core.catalogue import notices_in
from harness.core.witnesses._cim_list import listed_licences
from harness.core.witnesses._codes import code_text
from harness.core.witnesses._sentences import event_sentences, report_sentences
from harness.core.witnesses._slmgr_records import AvmaClient, SlmgrKind, SlmgrProduct, SlmgrReport
from harness.core.witnesses._text import clean_lines
from harness.core.witnesses.events import PastedEvent, parse_event_text
from harness.core.witnesses.slmgr import parse_slmgr

__all__ = ["ExplainedCode", "ExplainedProduct", "Explanation", "Verdict", "explain"]

Verdict = Literal["activated", "not_activated", "not_applicable", "unknown"]
_GRACE = frozenset({0, 2, 3, 4, 5, 6})
_FAILURES = frozenset({8198, 8233, 12309, 12310})


@dataclass(frozen=True, slots=True)
class ExplainedCode:
    """A code of the text with what the catalogue knows of it; or, for a message of Windows Admin Center or of Azure's
    commands, the code under which the harness speaks of the same, with the message as ``name``.
    """

    code: str
    name: str
    meaning: str
    next_step: str


@dataclass(frozen=True, slots=True)
class ExplainedProduct:
    """One product of the text; see SlmgrProduct for the meaning of the fields."""

    name: str | None
    description: str | None
    edition: str | None
    channel: str | None
    application_id: str | None
    activation_id: str | None
    partial_product_key: str | None
    product_key_channel: str | None
    license_status: int | None
    expires_minutes: int | None
    notification_reason: str | None
    is_windows: bool
    avma: AvmaClient | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The document avma/explain/1, and the same in ``sentences`` for people."""

    kind: SlmgrKind | Literal["event"]
    language: str | None
    products: tuple[ExplainedProduct, ...]
    codes: tuple[ExplainedCode, ...]
    verdict: Verdict
    sentences: tuple[str, ...]


def explain(text: str) -> Explanation:
    """What a paste says about the Windows it came from. Never raises.

    The verdict answers "is this Windows activated?" as an auditor would:

    - activated: the operating system's own product is licensed, by whatever method (a sentence names it), or the last
      /ato succeeded.
    - not_activated: it is unlicensed, in a grace period or in notification; the last /ato or an activation event
      failed; or an evaluation edition runs, which is a trial and no activation.
    - not_applicable: only other products are listed, such as Office or Extended Security Updates.
    - unknown: nothing in the text settles it. An installed key is no activation; an event of success is true of its
      own moment only, since a lease lasts seven days and a paste has no present.

    Args:
        text: any paste, decoded somehow.
    """
    report = parse_slmgr(text)
    listed = listed_licences(clean_lines(text))
    if listed:
        reasons = (product.notification_reason for product in listed if product.notification_reason)
        seen = tuple(dict.fromkeys((*report.codes, *reasons)))
        report = SlmgrReport(language=report.language, products=listed, codes=seen)
    events = () if report.products else parse_event_text(text)
    told = tuple(ExplainedCode(row.code, row.says[0], row.meaning, row.next_step) for row in notices_in(text))
    if events:
        return _of_events(report, events)
    known = bool(report.products or report.codes or report.success is not None or not told)
    return Explanation(
        kind=report.kind,
        language=report.language,
        products=tuple(_product(product) for product in report.products),
        codes=(*(_code(value) for value in report.codes), *told),
        verdict=_verdict(report),
        sentences=(
            *(report_sentences(report) if known else ()),
            *_advice(report.codes),
            *(f'"{row.name}" ({row.code}): {row.meaning} {row.next_step}' for row in told),
        ),
    )


def _of_events(report: SlmgrReport, events: Sequence[PastedEvent]) -> Explanation:
    values = [event.event.hresult for event in events]
    codes = tuple(dict.fromkeys(code_text(value) for value in values if value))
    failed = any(event.event.event_id in _FAILURES and event.event.hresult for event in events)
    return Explanation(
        kind="event",
        language=report.language,
        products=(),
        codes=tuple(_code(value) for value in codes),
        verdict="not_activated" if failed else "unknown",
        sentences=tuple(event_sentences(events)) + tuple(_advice(codes)),
    )


def _product(product: SlmgrProduct) -> ExplainedProduct:
    return ExplainedProduct(
        name=product.name,
        description=product.description,
        edition=product.edition,
        channel=product.channel,
        application_id=product.application_id,
        activation_id=product.activation_id,
        partial_product_key=product.partial_product_key,
        product_key_channel=product.product_key_channel,
        license_status=product.license_status,
        expires_minutes=product.expires_minutes,
        notification_reason=product.notification_reason,
        is_windows=product.is_windows,
        avma=product.avma,
    )


def _code(value: str) -> ExplainedCode:
    row = catalogue_code(value)
    if row is None:
        return ExplainedCode(
            code=value,
            name="",
            meaning="The catalogue does not know this code.",
            next_step=f"Show Microsoft's own text on a machine with a desktop with: slui.exe 0x2a {value}.",
        )
    return ExplainedCode(code=row.code, name=row.name, meaning=row.meaning, next_step=row.next_step)


def _advice(codes: Sequence[str]) -> Iterator[str]:
    for value in codes:
        row = _code(value)
        name = f" ({row.name})" if row.name and row.name != row.code else ""
        yield f"{row.code}{name}: {row.meaning} {row.next_step}"


def _verdict(report: SlmgrReport) -> Verdict:
    if report.kind == "ato" and report.success is not None:
        return "activated" if report.success else "not_activated"
    if not report.products or report.superseded:
        return "unknown"
    windows = report.windows
    if windows is None:
        return "not_applicable"
    if windows.license_status in _GRACE or (windows.license_status == 1 and windows.method == "evaluation"):
        return "not_activated"
    return "activated" if windows.license_status == 1 else "unknown"
