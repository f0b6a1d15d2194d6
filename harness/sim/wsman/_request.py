"""A WS-Management request: the envelope taken apart into what the service needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from xml.etree import ElementTree as ET

from harness.sim.psrp import parse_duration
from harness.sim.wsman._faults import WsmanFault, bad_timeout_header, not_understood, schema_error
from harness.sim.wsman._names import ACTIONS, ADDRESSING, SHELL, SOAP, WSMAN, WSMV

__all__ = ["Request", "parse_request"]

_ENVELOPE, _HEADER, _BODY = f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"
_MUST_UNDERSTAND = f"{{{SOAP}}}mustUnderstand"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_SELECTOR, _OPTION = f"{{{WSMAN}}}Selector", f"{{{WSMAN}}}Option"

_UNDERSTOOD = frozenset(
    {f"{{{ADDRESSING}}}{name}" for name in ("Action", "MessageID", "ReplyTo", "FaultTo", "From", "To", "RelatesTo")}
    | {
        f"{{{WSMAN}}}{name}"
        for name in ("MaxEnvelopeSize", "OperationTimeout", "ResourceURI", "SelectorSet", "OptionSet", "Locale")
    }
    | {f"{{{WSMV}}}{name}" for name in ("DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId")}
    | {f"{{{WSMV}}}{name}" for name in ("FunctionID", "CompressionType")}
)


@dataclass(slots=True)
class Request:
    """One request. Times are seconds, sizes bytes; ``operation`` is the short name of the action."""

    action: str = ""
    message_id: str = ""
    resource: str = ""
    to: str = ""
    selectors: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    operation_timeout: float | None = None
    max_envelope_size: int | None = None
    locale: str = "en-US"
    data_locale: str = "en-US"
    session_id: str = ""
    body: ET.Element | None = None
    size: int = 0

    @classmethod
    def of(cls, fault: WsmanFault) -> "Request":
        """What was read of the request that led to a fault of ``parse_request``."""
        return fault.request if isinstance(fault.request, cls) else cls()

    @property
    def operation(self) -> str:
        """``Create``, ``Receive`` and so on; empty for an action nobody knows."""
        return ACTIONS.get(self.action, "")

    @property
    def shell_id(self) -> str:
        """The ShellId selector, in capitals: ids are compared without case."""
        return next((value for name, value in self.selectors.items() if name.lower() == "shellid"), "").upper()

    def part(self, name: str) -> ET.Element | None:
        """An element of the shell namespace right inside the body."""
        return None if self.body is None else self.body.find(f"{{{SHELL}}}{name}")


def parse_request(raw: bytes) -> Request:
    """Read an envelope.

    Raises:
        WsmanFault: it is no envelope, a header is wrong, or one that must be understood is unknown. The fault carries
            the request read so far, for its id.
    """
    try:
        envelope = ET.fromstring(raw)  # noqa: S314 - expat refuses entity bombs; nothing external is read
    except (ET.ParseError, ValueError, LookupError) as error:
        raise schema_error() from error
    header = envelope.find(_HEADER)
    if envelope.tag != _ENVELOPE or header is None:
        raise schema_error()
    request = Request(body=envelope.find(_BODY), size=len(raw))
    wrong: list[str] = []
    for element in header:
        _read_header(request, element, wrong)
    if wrong:
        fault = not_understood(_as_written(raw, wrong[0]))
        fault.request = request
        raise fault
    if not request.action:
        fault = schema_error()
        fault.request = request
        raise fault
    return request


def _read_header(request: Request, element: ET.Element, wrong: list[str]) -> None:
    tag = element.tag
    reader = _READERS.get(tag)
    if reader is not None:
        reader(request, element)
    elif tag not in _UNDERSTOOD and element.get(_MUST_UNDERSTAND, "").strip().lower() in ("true", "1"):
        wrong.append(tag)


def _text(element: ET.Element) -> str:
    return (element.text or "").strip()


def _read_timeout(request: Request, element: ET.Element) -> None:
    text = _text(element)
    try:
        value = parse_duration(text)
    except ValueError:
        value = timedelta(seconds=-1)
    if value < timedelta(0):
        fault = bad_timeout_header(text)
        fault.request = request
        raise fault
    request.operation_timeout = value.total_seconds()


def _read_size(request: Request, element: ET.Element) -> None:
    text = _text(element)
    request.max_envelope_size = int(text) if text.isdecimal() else None


def _read_selectors(request: Request, element: ET.Element) -> None:
    for selector in element.iterfind(_SELECTOR):
        request.selectors[selector.get("Name", "")] = _text(selector)


def _read_options(request: Request, element: ET.Element) -> None:
    for option in element.iterfind(_OPTION):
        request.options[option.get("Name", "").upper()] = _text(option)


def _setter(name: str) -> Callable[[Request, ET.Element], None]:
    def read(request: Request, element: ET.Element) -> None:
        setattr(request, name, _text(element))

    return read


def _read_locale(request: Request, element: ET.Element) -> None:
    request.locale = element.get(_LANGUAGE, request.locale)


def _read_data_locale(request: Request, element: ET.Element) -> None:
    request.data_locale = element.get(_LANGUAGE, request.data_locale)


_READERS = {
    f"{{{ADDRESSING}}}Action": _setter("action"),
    f"{{{ADDRESSING}}}MessageID": _setter("message_id"),
    f"{{{ADDRESSING}}}To": _setter("to"),
    f"{{{WSMAN}}}ResourceURI": _setter("resource"),
    f"{{{WSMV}}}SessionId": _setter("session_id"),
    f"{{{WSMAN}}}OperationTimeout": _read_timeout,
    f"{{{WSMAN}}}MaxEnvelopeSize": _read_size,
    f"{{{WSMAN}}}SelectorSet": _read_selectors,
    f"{{{WSMAN}}}OptionSet": _read_options,
    f"{{{WSMAN}}}Locale": _read_locale,
    f"{{{WSMV}}}DataLocale": _read_data_locale,
}


def _as_written(raw: bytes, tag: str) -> str:
    """The name of a header with the prefix its sender used."""
    local = tag.rpartition("}")[2]
    match = re.search(rb"<((?:[\w.-]+:)?" + re.escape(local.encode()) + rb")[\s/>]", raw)
    return match.group(1).decode("utf-8", "replace") if match else local
