"""Stand-ins for the names of a fabric, so that what a machine said can be shown to others.

Computers, VMs, domains, addresses and VM ids get stand-ins of the same shape, the same one each time, so that an answer
still shows how it is built. Secrets are another matter: harness.core.redaction.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from harness.core.redaction import Redactor

__all__ = ["Aliases"]

_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


class Aliases:
    """Knows names and what to show instead.

    Example:
        >>> aliases = Aliases()
        >>> aliases.add("host", "hv-ber-01.corp.example")
        >>> aliases.apply("Granted by HV-BER-01 (hv-ber-01.corp.example)")
        'Granted by host1 (host1.domain.test)'
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._encoded = Redactor()

    def add(self, kind: str, *names: str | None) -> None:
        """Show one stand-in for a thing of many names: bare and fully qualified ones, in any case."""
        given = [name.strip() for name in names if name and name.strip()]
        short = next((alias for name in given if (alias := self._known.get(name.partition(".")[0].casefold()))), None)
        alias = short or f"{kind}{1 + len({a for a in self._known.values() if re.fullmatch(rf'{kind}[0-9]+', a)})}"
        for name in given:
            bare, dot, domain = name.partition(".")
            self._learn(bare, alias)
            if dot:
                self._learn(name, f"{alias}.domain.test")
                self._learn(domain, "domain.test")

    def add_ids(self, vm_ids: Iterable[str]) -> None:
        """Number VM ids."""
        for number, vm_id in enumerate(dict.fromkeys(vm_ids), 1):
            self._learn(vm_id, f"00000000-0000-4000-8000-{number:012d}")

    def apply(self, text: str) -> str:
        """The text with every known name replaced, and addresses by one of the documentation's."""
        for name in sorted(self._known, key=len, reverse=True):
            if name in text.casefold():
                text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self._known[name], text, flags=re.IGNORECASE)
        return self._encoded.redact(_IPV4.sub(_address, text))

    def _learn(self, name: str, alias: str) -> None:
        if name.casefold() not in self._known:
            self._known[name.casefold()] = alias
            if len(name) >= 6:  # in base64 and the like it is masked, not replaced
                self._encoded.register(name)


def _address(match: re.Match[str]) -> str:
    try:
        found = ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if found.is_loopback and match[0] == "127.0.0.1" else "192.0.2.1"
