"""The Automatic VM Activation lines behind a product.

"Guest IAID: ..." always stands there for an AVMA key; the host's name, the activation time and the host's PID2 follow
under two headings once the guest has ever been answered. A guest without that block was never activated by a host.
"""

import re
from collections.abc import Sequence

from harness.core.witnesses._slmgr_records import AvmaClient
from harness.core.witnesses._slmgr_shapes import DATE, field_of, is_unavailable
from harness.core.witnesses._text import is_masked, split_label

__all__ = ["read_avma"]

_ID = re.compile(r"\S{1,255}")
_HOST = re.compile(r"[^\s:/\\]{1,255}")


def read_avma(lines: Sequence[str], language: str | None) -> AvmaClient:
    """What the lines behind the trusted time say of the host."""
    pairs = [pair for line in lines if (pair := split_label(line)) is not None and pair[1]]
    iaid = _named(pairs, "iaid") or _first_before_heading(lines)
    rest = [pair for pair in pairs if pair != iaid]
    pid = _named(rest, "pid2") or (rest[2] if len(rest) == 3 else None)
    time = _time(rest, pid, language)
    host = _host(rest, time, pid, language)
    return AvmaClient(
        guest_iaid=_value(iaid),
        host_machine_name=_value(host) if host and _HOST.fullmatch(host[1]) else None,
        activation_time=_value(time),
        host_pid2=_value(pid),
    )


_Pair = tuple[str, str]


def _named(pairs: Sequence[_Pair], part: str) -> _Pair | None:
    return next((pair for pair in pairs if part in pair[0].casefold()), None)


def _labelled(pairs: Sequence[_Pair], name: str, language: str | None) -> _Pair | None:
    return next((pair for pair in pairs if field_of(pair[0], language) == name), None)


def _first_before_heading(lines: Sequence[str]) -> _Pair | None:
    """The line in column 0 right behind the trusted time."""
    if not lines or lines[0][:1].isspace():
        return None
    pair = split_label(lines[0])
    return pair if pair is not None and _ID.fullmatch(pair[1]) else None


def _time(pairs: Sequence[_Pair], pid: _Pair | None, language: str | None) -> _Pair | None:
    named = _labelled(pairs, "activation_time", language)
    dated = next((pair for pair in pairs if pair != pid and DATE.search(pair[1][:60])), None)
    return named or dated or _before(pairs, pid)


def _host(pairs: Sequence[_Pair], time: _Pair | None, pid: _Pair | None, language: str | None) -> _Pair | None:
    named = _labelled(pairs, "host_machine", language)
    if named is not None:
        return named
    return _before(pairs, time) if time is not None else _before(pairs, pid)


def _before(pairs: Sequence[_Pair], pair: _Pair | None) -> _Pair | None:
    if pair is None:
        return None
    place = pairs.index(pair)
    return pairs[place - 1] if place > 0 else None


def _value(pair: _Pair | None) -> str | None:
    if pair is None or is_masked(pair[1]) or is_unavailable(pair[1]):
        return None
    return pair[1]
