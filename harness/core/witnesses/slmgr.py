"""Reads what slmgr.vbs printed, in any language, wrapped or pasted, of one command or of a whole session.

Text is a witness, never the authority: it is read where CIM cannot be asked, and compared with it where it can.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast, get_args

from harness.core.catalogue import code
from harness.core.witnesses._codes import codes_in
from harness.core.witnesses._languages import Words, languages, skeleton, words_of
from harness.core.witnesses._slmgr_product import ProductLines, read_product
from harness.core.witnesses._slmgr_records import AvmaClient, SlmgrKind, SlmgrProduct, SlmgrReport
from harness.core.witnesses._slmgr_shapes import description_channel, edition_in, guid_in, product_name
from harness.core.witnesses._text import clean_lines, rejoin, split_label
from harness.core.witnesses._tongue import language_of

__all__ = ["AvmaClient", "SlmgrKind", "SlmgrProduct", "SlmgrReport", "parse_slmgr"]

_COMMAND = re.compile(
    r"(?i)\s{0,8}(?:(?:\[[^\]]{1,80}\]:?\s{0,2})?(?:PS\b[^>]{0,200}>|[A-Z]:[^>]{0,200}>|[$>#])\s{0,4})?"  # prompt
    r"(?:[^\s|]{0,200}cscript\S{0,8}\s{1,4}(?://\w{1,10}\s{1,4}){0,3})?[\"']?[^\s|]{0,200}"
    r"\bslmgr(?:\.vbs)?[\"']?\s{1,8}[/-]([a-z-]{2,16})\b((?:\s{1,4}[!-~]{1,120}){0,6})\s*"
)
_VERSION = re.compile(r"(\d{1,2}\.\d{1,3}\.\d{4,5}\.\d{1,6})$")
_ACTIVATING = re.compile(r"(?<!channel )\([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F-]{22}\)")
_KEY = re.compile(r"(?<![A-Za-z0-9-])(?:[A-Za-z0-9*#]{5}-){4}([A-Za-z0-9*#]{5})(?![A-Za-z0-9-])")
_CHANGING = frozenset({"upk", "rearm", "rearm-app", "rearm-sku"})
_KINDS = frozenset(get_args(SlmgrKind))


def parse_slmgr(text: str) -> SlmgrReport:
    r"""What slmgr.vbs said. Never raises; time grows linearly with the text.

    Of a session with several commands, ``kind`` and ``success`` are those of the last telling one and ``products``
    those of the last /dlv, /dli or /xpr.

    Args:
        text: any paste, decoded somehow: with or without the script host's logo, prompts, quote marks, wraps.

    Example:
        >>> report = parse_slmgr("Name: Windows(R), ServerStandard edition\nDescription: Windows(R) Operating System, "
        ...     "VIRTUAL_MACHINE_ACTIVATION channel\nPartial Product Key: 78VHK\nLicense Status: Licensed\n"
        ...     "Automatic VM activation expiration: 10080 minute(s) (7 day(s))")
        >>> report.kind, report.windows.license_status, report.windows.expires_minutes
        ('dli', 1, 10080)
    """
    lines = rejoin(clean_lines(text))
    language = language_of(lines)
    parts = [_read(part, language) for part in _segments(lines)]
    told = [part for part in parts if part.kind != "unknown"]
    listed = [part for part in parts if part.products]
    last = told[-1] if told else SlmgrReport()
    after = max((n for n, part in enumerate(parts) if part.products), default=len(parts)) + 1
    versions = [part.service_version for part in parts if part.service_version]
    keys = [part.installed_key_tail for part in parts if part.installed_key_tail]
    return SlmgrReport(
        kind=last.kind,
        language=language,
        service_version=versions[-1] if versions else None,
        products=listed[-1].products if listed else (),
        codes=codes_in("\n".join(lines)),
        success=last.success,
        verbs=tuple(verb for part in parts for verb in part.verbs),
        installed_key_tail=keys[-1] if keys else None,
        superseded=any(map(_changes_licence, parts[after:])),
    )


def _changes_licence(part: SlmgrReport) -> bool:
    """Whether a command leaves the licence other than it was; a failed one leaves it alone."""
    return not part.codes and (
        bool(_CHANGING & set(part.verbs)) or (part.kind in {"ipk", "ato"} and part.success is True)
    )


@dataclass(slots=True)
class _Segment:
    """What one command printed; ``verb`` empty where no command line was pasted."""

    verb: str = ""
    lines: list[str] = field(default_factory=list)


def _segments(lines: Sequence[str]) -> Iterator[_Segment]:
    """Cuts a session at its command lines."""
    current = _Segment()
    for line in lines:
        command = _COMMAND.fullmatch(line[:600])
        if command is not None:
            if current.verb or current.lines:
                yield current
            current = _Segment(command[1].lower())
        else:
            current.lines.append(line)
    if current.verb or current.lines:
        yield current


def _read(segment: _Segment, language: str | None) -> SlmgrReport:
    products = tuple(read_product(found, language) for found in _products(segment.lines))
    version = next((found for line in segment.lines if (found := _version(line))), None)
    report = SlmgrReport(
        products=products,
        service_version=version,
        verbs=(segment.verb,) if segment.verb else (),
        codes=codes_in("\n".join(segment.lines)),
    )
    if products:
        return replace(report, kind=_listing_kind(segment, report))
    for reader in (_read_xpr, _read_ato, _read_ipk):
        read = reader(segment, report, language)
        if read is not None:
            return read
    return _read_failure(segment, report)


def _version(line: str) -> str | None:
    pair = split_label(line)
    match = _VERSION.fullmatch(pair[1]) if pair else None
    return match[1] if match else None


def _products(lines: Sequence[str]) -> Iterator[ProductLines]:
    """Groups lines by product: each begins at its name, or at its description where the name was cut off."""
    current: ProductLines | None = None
    for line in lines:
        value = (split_label(line) or ("", line))[1]
        channel = description_channel(value)
        name = None if channel else _product_name(line)
        if name is not None or (channel is not None and (current is None or current.description is not None)):
            if current is not None and current.description is not None:
                yield current
            current = ProductLines(name, None, None)
        if channel is not None and current is not None:
            current.description, current.channel = value, channel
        elif current is not None and name is None:
            current.lines.append(line)
    if current is not None and (current.description is not None or _has_status(current)):
        yield current


def _product_name(line: str) -> str | None:
    """The name on a "Name: ..." line; a line without a label must look like Windows's own names."""
    pair = split_label(line)
    if pair is not None:
        return product_name(pair[1]) if pair[1] else None
    return None


def _has_status(found: ProductLines) -> bool:
    """A product whose description was cut off still counts when ids or a key follow its name."""
    values = [pair[1] for line in found.lines if (pair := split_label(line)) is not None]
    return any(guid_in(value) or re.fullmatch(r"[A-Z0-9]{5}", value) for value in values)


def _listing_kind(segment: _Segment, report: SlmgrReport) -> SlmgrKind:
    if segment.verb in {"dlv", "dli"}:
        return cast("SlmgrKind", segment.verb)
    verbose = report.service_version is not None or any(
        product.activation_id or product.extended_pid or product.product_key_channel or product.installation_id
        for product in report.products
    )
    return "dlv" if verbose else "dli"


def _read_xpr(segment: _Segment, report: SlmgrReport, language: str | None) -> SlmgrReport | None:
    """/xpr prints the product's name with a colon, then one indented sentence."""
    for place, line in enumerate(segment.lines):
        head, _, rest = line.strip().partition(":")
        name = product_name(head)
        follows = [rest.strip(), *(after.strip() for after in segment.lines[place + 1 : place + 4])]
        sentence = next((text for text in follows if text), "")
        if name is not None and (sentence or segment.verb == "xpr"):
            return replace(report, kind="xpr", products=(_xpr_product(name, sentence, language),))
    if segment.verb != "xpr":
        return None
    sentence = next((line.strip() for line in segment.lines if line.strip()), "")
    return replace(report, kind="xpr", products=(_xpr_product(None, sentence, language),) if sentence else ())


def _xpr_product(name: str | None, sentence: str, language: str | None) -> SlmgrProduct:
    text = skeleton(sentence[:400])
    own = words_of(language)
    tables: Sequence[Words] = (own, *languages()) if own else languages()
    status = next((number for words in tables for phrase, number in words.xpr if phrase in text), None)
    channel = next((token for words in tables for phrase, token in words.xpr_channel if phrase in text), None)
    return SlmgrProduct(
        name=name,
        edition=edition_in(name or ""),
        channel=channel,
        license_status=status,
        expiration=sentence or None,
        is_windows=name is None or "Windows" in name,
    )


def _read_ato(segment: _Segment, report: SlmgrReport, language: str | None) -> SlmgrReport | None:
    """/ato prints "Activating NAME (GUID) ...", then a sentence without a colon, or an error with one."""
    places = [n for n, line in enumerate(segment.lines) if _ACTIVATING.search(line[:600]) and not _command(line)]
    if not places and segment.verb != "ato":
        return None
    after = segment.lines[places[-1] + 1 :] if places else segment.lines
    return replace(report, kind="ato", success=_outcome(after, language))


def _command(line: str) -> bool:
    return _COMMAND.fullmatch(line[:600]) is not None


def _outcome(lines: Sequence[str], language: str | None) -> bool | None:
    """True for a sentence of success, False for an error, None for silence."""
    told = [line for line in lines if line.strip()]
    if not told:
        return None
    text = skeleton("\n".join(told)[:4000])
    own = words_of(language)
    tables = (own,) if own is not None else languages()
    if codes_in("\n".join(told)) or any(phrase in text for words in tables for phrase in words.failed):
        return False
    if any(phrase in text for words in tables for phrase in words.activated):
        return True
    return split_label(told[0]) is None


def _read_ipk(segment: _Segment, report: SlmgrReport, language: str | None) -> SlmgrReport | None:
    """/ipk echoes the whole key in its sentence of success."""
    for line in segment.lines:
        key = _KEY.search(line[:400])
        if key is not None and not _command(line) and not codes_in(line):
            tail = key[1].upper() if key[1].isalnum() else None
            return replace(report, kind="ipk", success=True, installed_key_tail=tail)
    if segment.verb == "ipk":
        return replace(report, kind="ipk", success=_outcome(segment.lines, language))
    return None


def _read_failure(segment: _Segment, report: SlmgrReport) -> SlmgrReport:
    """An error alone: the command is known by its own line, or by a code that only one command gives."""
    if segment.verb:
        return replace(report, kind=cast("SlmgrKind", segment.verb)) if segment.verb in _KINDS else report
    rows = [row for value in report.codes if (row := code(value)) is not None]
    origin = next((row.given_by for row in rows if row.given_by), "")
    return replace(report, kind=cast("SlmgrKind", origin), success=False) if origin else report
