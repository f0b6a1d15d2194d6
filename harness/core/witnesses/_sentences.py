"""The words of `avma explain`: one sentence for each thing that a report or an event says."""

from collections.abc import Iterator, Sequence

from harness.core.catalogue import channel_of_token, edition_of_family, key_by_tail, license_status
from harness.core.catalogue import event as known_event
from harness.core.witnesses._codes import code_text
from harness.core.witnesses._slmgr_records import SlmgrProduct, SlmgrReport
from harness.core.witnesses.events import PastedEvent

__all__ = ["event_sentences", "report_sentences"]

_LEASE_MINUTES = 10_080
_OUTCOMES = {
    ("ato", True): "The activation succeeded.",
    ("ato", False): "The activation failed.",
    ("ipk", True): "The product key was installed; that alone is no activation. Next: cscript //nologo slmgr.vbs /ato.",
    ("ipk", False): "The product key was not installed; the machine keeps the key it had.",
}


def report_sentences(report: SlmgrReport) -> Iterator[str]:
    """What slmgr.vbs said, product by product, the operating system first."""
    outcome = _OUTCOMES.get((report.kind, report.success)) if report.success is not None else None
    if outcome:
        yield outcome
    if (report.kind, report.success) == ("ato", False) and not report.codes:
        yield "Without a code the script ends with exit code 0 all the same: that is no success."
    if report.installed_key_tail:
        yield from _key(report.installed_key_tail)
    windows = report.windows
    if windows is not None:
        yield from _windows(windows)
    others = [product for product in report.products if product is not windows]
    if others:
        named = ", ".join(product.name or product.description or "a product without a name" for product in others[:5])
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        yield f"Not counted as Windows itself: {named}{more}."
    if not report.products and not outcome and not report.codes:
        yield "Nothing in this text is known as output of slmgr.vbs or as an event of the licensing service."


def _windows(product: SlmgrProduct) -> Iterator[str]:
    yield _state(product)
    info = edition_of_family(product.edition) if product.edition else None
    if info is not None and info.client:
        yield "This is a client Windows: AVMA activates Windows Server guests only."
    if product.method == "evaluation":
        yield (
            "An evaluation edition takes no AVMA key; convert it first with: DISM /online /Set-Edition:ServerStandard "
            "/ProductKey:<AVMA key> /AcceptEula (or ServerDatacenter)."
        )
    if product.partial_product_key:
        yield from _key(product.partial_product_key)
    if product.is_avma:
        yield from _avma(product)


def _state(product: SlmgrProduct) -> str:
    name = product.name or "Windows"
    if product.not_in_use:
        return f"{name} has no product key: this licence is not in use."
    row = license_status(product.license_status) if product.license_status is not None else None
    if row is None:
        return f"{name}: the text does not settle its license status."
    method = f" by {_method(product)}" if row.licensed else f", with {_method(product)}"
    left = f"; {_duration(product.expires_minutes)} left" if product.expires_minutes is not None else ""
    return f"{name}: license status {row.number} ({row.name}){method}{left}. {row.meaning}"


def _method(product: SlmgrProduct) -> str:
    for token in (product.product_key_channel, product.channel):
        row = channel_of_token(token) if token else None
        if row is not None:
            return row.meaning
    return "a method the text does not name"


def _duration(minutes: int) -> str:
    days = -(-minutes // 1440)
    return f"{minutes} minutes ({days} {'day' if days == 1 else 'days'})"


def _key(tail: str) -> Iterator[str]:
    row = key_by_tail(tail)
    if row is None:
        yield f"The key ends in {tail}, which is no published AVMA key or KMS client key."
    else:
        kind = "AVMA key" if row.kind == "AVMA" else "KMS client key"
        yield f"The key ends in {tail}: the {kind} of Windows Server {row.release} {row.edition}."


def _avma(product: SlmgrProduct) -> Iterator[str]:
    client = product.avma
    info = edition_of_family(product.edition) if product.edition else None
    row = key_by_tail(product.partial_product_key) if product.partial_product_key else None
    if info is not None and row is not None and info.edition is not None and info.edition != row.edition:
        yield f"The key is that of another edition: {row.edition} instead of {info.edition}."
    if client is not None and client.host_machine_name:
        at = f" at {client.activation_time}" if client.activation_time else ""
        yield f"The host {client.host_machine_name} granted the last activation{at}."
    elif product.license_status not in {1, None}:
        yield "No host has ever answered: check that Data Exchange is enabled for the VM and the host is activated."
    if product.expires_minutes is not None and product.expires_minutes > _LEASE_MINUTES and product.license_status == 1:
        yield "More than seven days left is more than an AVMA lease can have: this output is damaged or not of AVMA."


def event_sentences(events: Sequence[PastedEvent]) -> Iterator[str]:
    """What each event says, at most twenty of them; service noise is counted only."""
    quiet = 0
    for shown, pasted in enumerate(events):
        row = known_event(pasted.event.event_id)
        if row is not None and row.about == "noise":
            quiet += 1
        elif shown < 20:
            yield _event(pasted, row.meaning if row is not None else "An event that the catalogue does not know.")
    if quiet:
        yield f"{quiet} events of the licensing service itself say nothing of activation."


def _event(pasted: PastedEvent, meaning: str) -> str:
    event = pasted.event
    at = f" at {pasted.time_text}" if pasted.time_text else ""
    where = f" on {event.computer}" if event.computer else ""
    if event.hresult is None:
        result = ""
    elif event.hresult == 0:
        result = " It succeeded then; a lease lasts seven days, so read the licence for the present."
    else:
        result = f" It ended with {code_text(event.hresult)}."
    return f"Event {event.event_id}{where}{at}: {meaning}{result}"
