"""What the answer file is for: a release, an edition, an architecture, a language, and the key that fits."""

import re
from dataclasses import dataclass

from harness.core.catalogue import AZURE_EDITION, KeyRow, avma_key, key_by_tail, keys, normal_release
from harness.core.errors import InputError

__all__ = ["KEY", "Wanted", "wanted"]

KEY = re.compile(r"(?:[A-Za-z0-9]{5}-){4}[A-Za-z0-9]{5}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?-[A-Z]{2}")
_ARCHITECTURES = {"amd64": "amd64", "x64": "amd64", "x86_64": "amd64", "arm64": "arm64"}
_EDITIONS = ("Standard", "Datacenter", "Essentials", AZURE_EDITION)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Checked: ``key`` is the AVMA key of that release and edition. ``language`` as "en-US", None to leave it open."""

    release: str
    edition: str
    key: str
    architecture: str = "amd64"
    language: str | None = None


def wanted(
    release: str, edition: str, *, architecture: str = "amd64", language: str | None = None, key: str | None = None
) -> Wanted:
    """The wish, checked against the catalogue.

    Args:
        release: "2022", "Windows Server 2019", ...
        edition: "Standard", "Datacenter", "Essentials" or "Datacenter: Azure Edition", in any case.
        architecture: amd64 (or x64), arm64.
        language: as "de-DE".
        key: a key that somebody means to use; the catalogue's unless given.

    Raises:
        InputError: one of them does not exist, no AVMA key is published for it, or ``key`` is another one.

    Example:
        >>> wanted("2022", "standard").key[-5:]
        '78VHK'
    """
    named = normal_release(release)
    if named is None:
        raise InputError("This is no Windows Server release.", target=release, hint="Give 2012 R2, 2016, 2019, ...")
    known = {name.casefold(): name for name in _EDITIONS}
    if edition.casefold() not in known:
        raise InputError("This is no edition AVMA knows.", target=edition, hint=f"Give one of: {', '.join(_EDITIONS)}.")
    if architecture.casefold() not in _ARCHITECTURES:
        raise InputError("AVMA guests run on amd64 (or arm64).", target=architecture, hint="Give --architecture amd64.")
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise InputError("This is no language as setup names them.", target=language, hint="Give one as en-US.")
    row = avma_key(named, known[edition.casefold()])
    if row is None:
        raise InputError(
            f"No AVMA key is published for Windows Server {named} {known[edition.casefold()]}.",
            target=release,
            hint="`avma keys AVMA` lists them.",
        )
    if key is not None:
        _check(key, row)
    return Wanted(row.release, row.edition, row.key, _ARCHITECTURES[architecture.casefold()], language)


def _check(key: str, row: KeyRow) -> None:
    """Refuse every other key. One that is not public is shown by its tail only."""
    if key.strip().upper() == row.key:
        return
    hint = f"Leave --key out: the key is {row.key}."
    if not KEY.fullmatch(key.strip()):
        raise InputError("This is no product key: five groups of five letters and digits.", hint=hint)
    tail = key.strip()[-5:].upper()
    known = key_by_tail(tail)
    public = known is not None and key.strip().upper() in {r.key for r in keys()}
    told = f"the {known.kind} key of {known.release} {known.edition}" if known and public else "no AVMA key we know"
    raise InputError(f"The key ...{tail} is {told}, not the AVMA key of {row.release} {row.edition}.", hint=hint)
