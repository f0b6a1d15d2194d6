"""A host's own key for activating guests: Get- and Set-VMAutomaticActivation on Azure Stack HCI and Azure Local.

Nobody has published what these two functions of the ServerAVMAManager module put out, so the answer is read whatever
its shape, a conclusion is drawn only where it leaves no doubt, and all of it is kept as evidence with keys masked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import SecretStr

from harness.core.catalogue import normal_release, release_of_build
from harness.core.errors import HarnessError
from harness.core.model import HostActivation
from harness.core.redaction import Redactor
from harness.remoting import ErrorDetail, PipelineResult, PowerShellSession, Statement, cmd
from harness.remoting.decode import EnumValue
from harness.windows._values import json_ready, plain
from harness.windows.answers import ask
from harness.windows.question import Question

__all__ = ["ACTIVATION", "HostKeyAnswer", "host_activation", "read_host_activation", "set_host_key"]

ACTIVATION = Question("activation", (cmd("Get-VMAutomaticActivation"),), ())
"""Not trimmed: its properties are unrecorded."""

_TAIL = re.compile(r"(?:^|[-*\s])([A-Z0-9]{5})\W*$")
_SENTENCE_TAIL = re.compile(r"(?:(?:[A-Z0-9*]{5}-){4}([A-Z0-9]{5})|\b([BCDFGHJKMNPQRTVWXY2-9]{5}))\W*$")
"""The end of a key in running text: the fifth group of five, or five letters of the keys' alphabet, which has no
vowels, so that a word is not taken for a key."""
_YES = frozenset({"configured", "activated", "active", "licensed", "enabled", "success", "succeeded", "true", "yes"})
_NO = frozenset({"notconfigured", "unconfigured", "notactivated", "notset", "none", "unlicensed", "false", "no"})
_REFUSED = frozenset({"failed", "failure", "error", "denied", "refused", "rejected", "invalid"})
_CODE = re.compile(r"0x[89A-Fa-f][0-9A-Fa-f]{7}")
_ERROR_BIT = 0x80000000
"""An HRESULT with the highest bit set is an error (MS-ERREF 2.1)."""
_STATE_WORDS = ("status", "state", "activated", "configured")
_LICENSED = 1
_BUILD = re.compile(r"^10\.0\.(\d{5})")


@dataclass(frozen=True, slots=True)
class HostKeyAnswer:
    """What Set-VMAutomaticActivation said, key masked: evidence, never proof. Only reading back tells what is true.

    ``refusal``: what in it plainly says that the key did not work: an error's message, or a status or code of its
    output; None where nothing does.
    """

    output: tuple[object, ...]
    errors: tuple[ErrorDetail, ...]
    failed: bool
    refusal: str | None = None


def read_host_activation(session: PowerShellSession, *, seconds: float) -> HostActivation | None:
    """What Get-VMAutomaticActivation says now. Retry class: read.

    Returns:
        the reading, or None where the command reported an error instead of an answer (or is not there).

    Raises:
        TransportError: by phase.
    """
    answers = ask(session, [ACTIVATION], seconds=seconds)
    if answers.errors["activation"] and not answers.raw:
        return None
    return host_activation(answers.raw)


def host_activation(raw: Sequence[object]) -> HostActivation:
    """A cautious reading of an answer of any shape.

    ``configured`` is True where a key's tail or a plain word says so and nothing contradicts it, False where a key's
    place is shown empty or a plain word says no, None otherwise; no output at all is None, since an empty answer is no
    "no". A LicenseStatus other than 1 beside a key is a doubt.

    Example:
        >>> host_activation([{"ProductKey": "78VHK", "Status": "Activated", "Version": "2022"}])
        HostActivation(configured=True, last5='78VHK', version='2022', raw=({'ProductKey': '78VHK', ...
    """
    values = [plain(value) for value in raw]
    leaves = [leaf for value in values for leaf in _leaves("", value)]
    tails = {tail for name, value in leaves if (tail := _tail(name, value))}
    masked = Redactor().redact_value([json_ready(value) for value in values])
    assert isinstance(masked, list)
    return HostActivation(
        configured=_configured(leaves, tails),
        last5=next(iter(tails)) if len(tails) == 1 else None,
        version=next((found for name, value in leaves if (found := _version(name, value))), None),
        raw=tuple(masked),
    )


def set_host_key(session: PowerShellSession, key: SecretStr, *, seconds: float) -> HostKeyAnswer:
    """Send Set-VMAutomaticActivation with this key, one time. Retry class: once.

    The association of key and host is permanent and uses up an activation, so nothing here is ever repeated; a lost
    answer is settled by read_host_activation. The key goes as the first positional argument, as Microsoft documents
    the call, since its parameter's name is not part of the documentation.

    Args:
        session: elevated, with the node itself.
        key: the host key. It shows in none of what is returned or raised but for its last five characters.
        seconds: deadline.

    Returns:
        output and errors as the command gave them.

    Raises:
        TransportError: by phase; ``sent`` decides whether the key may be sent at all again.
    """
    redactor = Redactor()
    redactor.register(key.get_secret_value())
    try:
        result = session.run([Statement((cmd("Set-VMAutomaticActivation", key.get_secret_value()),))], seconds=seconds)
    except HarnessError as error:
        _mask(error, redactor)
        raise
    return _masked_answer(result, redactor)


def _mask(error: HarnessError, redactor: Redactor) -> None:
    error.message = redactor.redact(error.message)
    error.hint = redactor.redact(error.hint) if error.hint else error.hint
    error.args = (error.message,)


def _masked_answer(result: PipelineResult, redactor: Redactor) -> HostKeyAnswer:
    output = redactor.redact_value([json_ready(plain(value)) for value in result.output])
    assert isinstance(output, list)
    errors = tuple(
        replace(
            error,
            message=redactor.redact(error.message),
            fq_id=redactor.redact(error.fq_id),
            target=redactor.redact(error.target) if error.target else error.target,
        )
        for error in result.errors
    )
    told = errors[0].message if errors else _refusal([leaf for value in output for leaf in _leaves("", value)])
    return HostKeyAnswer(output=tuple(output), errors=errors, failed=result.failed, refusal=told)


def _refusal(leaves: Sequence[tuple[str, object]]) -> str | None:
    """The parts of an output without errors that say no: a status in plain words, or an error's code."""
    said = [f"{name or 'output'} {value}" for name, value in leaves if _says_no(name, value)]
    return f"its output says {', '.join(said)}" if said else None


def _says_no(name: str, value: object) -> bool:
    if value is False:
        return name in {"", "result", "success", "succeeded"}
    if isinstance(value, int):
        return ("code" in name or name == "hresult") and bool(value & _ERROR_BIT)
    if not isinstance(value, str):
        return False
    told = any(word in name for word in ("status", "state", "result")) and value.strip().casefold() in _REFUSED
    return told or (("code" in name or name == "hresult") and _CODE.search(value) is not None)


def _leaves(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Every single value with the name it stands under, in lower case; the answer's own values have no name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(str(key).casefold(), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(name, inner)
    else:
        yield name, value


def _tail(name: str, value: object) -> str | None:
    """The last five characters of a key: of a value that is named a key, or of a sentence without a name."""
    if not isinstance(value, str) or not (_is_key(name) or not name):
        return None
    found = (_TAIL if name else _SENTENCE_TAIL).search(value.strip().upper() if name else value.strip())
    return next((group for group in found.groups() if group), None) if found else None


def _is_key(name: str) -> bool:
    return "key" in name and not any(word in name for word in ("id", "channel", "count", "version", "type"))


def _configured(leaves: Sequence[tuple[str, object]], tails: set[str]) -> bool | None:
    words = {_word(name, value) for name, value in leaves} - {None}
    if words == {True, False}:
        return None
    if tails:
        return None if False in words or _unlicensed(leaves) else True
    if True in words:
        return True
    empty_key = any(_is_key(name) and value in (None, "") for name, value in leaves)
    return False if False in words or empty_key else None


def _word(name: str, value: object) -> bool | None:
    """Whether a state says yes or no in a word that needs no interpretation."""
    if name and not any(word in name for word in _STATE_WORDS):
        return None
    if isinstance(value, bool):
        return value
    text = value.name if isinstance(value, EnumValue) else value
    plain_word = re.sub(r"[\W_]", "", text).casefold() if isinstance(text, str) else ""
    return True if plain_word in _YES else False if plain_word in _NO else None


def _unlicensed(leaves: Sequence[tuple[str, object]]) -> bool:
    return any(name == "licensestatus" and isinstance(value, int) and value != _LICENSED for name, value in leaves)


def _version(name: str, value: object) -> str | None:
    """The Windows Server release of the key, where a version or a description names one."""
    told = "version" in name or name == "description"
    if not told or not isinstance(value, str | int) or isinstance(value, bool):
        return None
    build = _BUILD.match(str(value))
    return release_of_build(int(build[1])) if build else normal_release(str(value))
