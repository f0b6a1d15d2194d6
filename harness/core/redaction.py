"""Masks secrets in everything that leaves the harness: logs, journals, reports, errors, artifacts.

A host key is money and a password opens a host, so each is masked wherever it might stand, in every encoding in which
it may have travelled; a product key that nobody registered is recognised by its shape. Microsoft's generic AVMA keys
and GVLKs are public and stay readable.
"""

import re
import threading
from collections.abc import Mapping

from harness.core._secret_patterns import KEY_SHAPE, PLAIN_KEY_SHAPE, Disguises, Glance, tail_of_key
from harness.core.catalogue import is_public_key

__all__ = ["MASK", "Redactor", "mask_key"]

MASK = "********"
_KEYS = re.compile(f"{KEY_SHAPE}|{PLAIN_KEY_SHAPE}")


def mask_key(key: str) -> str:
    """A product key with all but its last five characters masked: "*****-*****-*****-*****-78VHK"."""
    return f"*****-*****-*****-*****-{tail_of_key(key) or '*****'}"


class Redactor:
    """Knows the secrets of a run and masks them in text and in nested data.

    Secrets are registered as they are resolved; registering and masking from several lanes at once is safe. The
    secrets themselves never show in ``repr``.

    Example:
        >>> redactor = Redactor()
        >>> redactor.register("s3cret!pass")
        >>> redactor.redact("user:s3cret!pass czNjcmV0IXBhc3M= ABCDE-FGHJK-MNPQR-TVWXY-23467")
        'user:******** ********= *****-*****-*****-*****-23467'
    """

    __slots__ = ("_disguises", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._disguises: dict[str, Disguises] = {}

    def __repr__(self) -> str:
        return f"<Redactor secrets={len(self._disguises)}>"

    def register(self, secret: str) -> None:
        """Mask this from now on. Empty text and Microsoft's public keys are ignored."""
        if not secret.strip() or is_public_key(secret):
            return
        with self._lock:
            if secret not in self._disguises:
                # a new mapping, longest first: readers keep the one they have, and no secret shields a longer one
                known = self._disguises | {secret: Disguises(secret)}
                self._disguises = dict(sorted(known.items(), key=lambda item: -len(item[0])))

    def redact(self, text: str) -> str:
        """The text with every registered secret and every product key that is not public masked.

        A key keeps its last five characters where it stands readable, since administrators know keys by them.
        """
        known = self._disguises
        if known:
            glance = Glance(text)
            for disguises in known.values():
                text = disguises.replace(text, glance, _replacement)
        return _KEYS.sub(_key_replacement, text)

    def redact_value(self, value: object) -> object:
        """A copy of nested data with every string masked: mappings (keys too), lists, tuples, sets and bytes.

        Other values are returned as they are; a mapping becomes a dict.
        """
        match value:
            case str():
                return self.redact(value)
            case bytes() | bytearray():
                return self.redact(bytes(value).decode("latin-1")).encode("latin-1", "replace")
            case Mapping():
                return {self.redact_value(key): self.redact_value(item) for key, item in value.items()}
            case list():
                return [self.redact_value(item) for item in value]
            case tuple():
                return tuple(self.redact_value(item) for item in value)
            case set() | frozenset():
                return type(value)(self.redact_value(item) for item in value)
            case _:
                return value


def _replacement(match: re.Match[str]) -> str:
    found = match[0]
    return mask_key(found) if re.fullmatch(r"[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){4}", found) else MASK


def _key_replacement(match: re.Match[str]) -> str:
    plain = match[0].replace("\x00", "")
    return match[0] if is_public_key(plain) else mask_key(plain)
