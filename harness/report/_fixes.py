"""The playbook that carries out what a validation found: fixes before the upgrade, new keys after it."""

import json
import unicodedata
from collections.abc import Iterable

from harness.core.preflight import Preflight

__all__ = ["fixes_playbook"]

_KEY_CODES = frozenset({"host_key_upgrade_needed", "host_keys_differ", "host_key_missing"})
_EXCHANGE = frozenset({"data_exchange_off"})


def fixes_playbook(found: Preflight) -> str:
    """A playbook file's text, for `avma apply FILE --tags before`, and `--tags after` once setup has run.

    Host keys stand apart under the tag `keys`, since applying one is permanent.
    """
    lines = [
        "# yaml-language-server: $schema=playbook.schema.json",
        "#",
        f"# Made by `avma preflight --to {found.to}`: what it found, as wishes. What is right already is left alone.",
        "#",
        "#     avma apply FILE --tags before     before the first host or guest is upgraded",
        "#     avma apply FILE --tags keys       host keys for Azure nodes: permanent, each takes an activation",
        "#     avma apply FILE --tags after      when setup has run in the guests, with the GVLK in place",
        "version: 1",
        f"name: upgrade-to-{found.to.lower().replace(' ', '-')}",
        f"targets: {_names(pool.name for pool in found.pools)}",
        "",
        "steps:",
        *_step("host_activation:", "The hosts are activated themselves", "before"),
        *_keys(found),
        *_before(found),
        *_after(found),
        *_step("verify:", "The witnesses agree", "before", "after"),
    ]
    return "\n".join(lines) + "\n"


def _keys(found: Preflight) -> list[str]:
    clusters = {f.target for f in found.findings if f.code in _KEY_CODES and f.kind == "cluster"}
    named = {f.target for f in found.findings if f.code in _KEY_CODES and f.kind == "host"}
    nodes = [host.name for host in found.hosts if host.name in named or host.pool in clusters]
    if not nodes:
        return []
    step = _step("host_key: {accept_key_cost: true}", "Each node has its newer key", "keys", names=nodes)
    return [*step, "    serial: 1"]


def _before(found: Preflight) -> list[str]:
    off = [guest.name for guest in found.guests if any(span.code in _EXCHANGE for span in guest.spans)]
    idle = [f.target for f in found.findings if f.code == "not_activated_now"]
    lines: list[str] = []
    if off:
        exchange = "integration_service: {component: data_exchange, enabled: true}"
        lines += _step(exchange, "Data Exchange is on", "before", names=off)
    if idle:
        lines += _step("guest_key:", "The guest has its AVMA key", "before", names=idle)
        lines += _step("activate:", "The guest is asked to activate now", "before", names=idle)
    return lines


def _after(found: Preflight) -> list[str]:
    """The GVLK that stood in during setup makes way for the AVMA key of the new release."""
    guests = [guest.name for guest in found.guests if guest.swap]
    if not guests:
        return []
    return [
        *_step("guest_key: {replace: [kms]}", "The new AVMA key takes the GVLK's place", "after", names=guests),
        *_step("activate:", "The upgraded guest is asked to activate now", "after", names=guests),
        *_step("wait_for_activation: {timeout: PT2M}", "The upgraded guest is licensed", "after", names=guests),
    ]


def _step(kind: str, name: str, *tags: str, names: Iterable[str] = ()) -> list[str]:
    listed = tuple(dict.fromkeys(names))
    when = [f"    when: {{name: {_names(listed)}}}"] if listed else []
    return [f"  - {kind}", f"    name: {name}", f"    tags: [{', '.join(tags)}]", *when]


def _names(names: Iterable[str]) -> str:
    """Names as a list of globs that fit just them; a character that YAML cannot hold becomes a question mark."""
    return "[" + ", ".join(json.dumps(_literal(name), ensure_ascii=False) for name in names) + "]"


def _literal(name: str) -> str:
    return "".join(_glob(ch) for ch in name)


def _glob(ch: str) -> str:
    if unicodedata.category(ch) in {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"} or ch == "\ufeff":
        return "?"
    return f"[{ch}]" if ch in "*?[" else ch
