"""slmgr.vbs: its verbs on one installation. Exit codes: the signed HRESULT of a COM error, 1 for a usage error, else 0.

0 says only that the script ran: "product activation failed" and "product key not found" end in 0 as well.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.sim.shell._report import display, expiry, selected_products, texts_of
from harness.sim.shell._texts import Texts
from harness.sim.world import Installation, LicensingError, World

__all__ = ["CHANGING_VERBS", "SlmgrResult", "run_slmgr"]

_DENIED = 0x80070005


@dataclass(frozen=True, slots=True)
class SlmgrResult:
    """Lines and exit code of one run."""

    lines: tuple[str, ...]
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    world: World
    windows: Installation
    text: Texts
    argument: str


def run_slmgr(world: World, windows: Installation, arguments: Sequence[str], *, elevated: bool) -> SlmgrResult:
    """Run the script with its arguments, as an elevated user or not."""
    text = texts_of(world, windows)
    verb = arguments[0].lstrip("/-").casefold() if arguments else ""
    entry = _VERBS.get(verb)
    if entry is None:
        shown = [text("unknown_option") + arguments[0]] if arguments else []
        return SlmgrResult((*shown, text("usage")), 1)
    if verb in _NEEDS_ARGUMENT and len(arguments) < 2:
        return SlmgrResult((text("missing_parameter") + arguments[0], text("usage")), 1)
    world.settle()
    if verb in CHANGING_VERBS and not elevated:
        return SlmgrResult((text.error_line(_DENIED),), _signed(_DENIED))
    run = _Run(world, windows, text, arguments[1] if len(arguments) > 1 else "")
    lines: list[str] = []
    try:
        for line in entry(run):
            lines.append(line)  # noqa: PERF402 - what was printed before the error stays
    except LicensingError as error:
        lines.append(text.error_line(error.hresult))
        return SlmgrResult(tuple(lines), _signed(error.hresult))
    return SlmgrResult(tuple(lines))


def _signed(hresult: int) -> int:
    return hresult - (1 << 32) if hresult & 0x80000000 else hresult


def _dlv(run: _Run) -> Iterable[str]:
    rows = selected_products(run.world, run.windows, run.argument)
    return display(run.world, run.windows, rows, detailed=True)


def _dli(run: _Run) -> Iterable[str]:
    rows = selected_products(run.world, run.windows, run.argument)
    return display(run.world, run.windows, rows, detailed=False)


def _xpr(run: _Run) -> Iterable[str]:
    return expiry(run.world, run.windows, selected_products(run.world, run.windows, run.argument)[:1])


def _ipk(run: _Run) -> Iterable[str]:
    run.world.install_key(run.windows, run.argument)
    yield run.text("ipk_done", PKEY=run.argument)


def _ato(run: _Run) -> Iterable[str]:
    rows = [row for row in selected_products(run.world, run.windows, run.argument) if row["PartialProductKey"]]
    if not rows:
        yield run.text("no_product")
        return
    yield run.text("activating", PRODUCTNAME=rows[0]["Name"], PRODUCTID=rows[0]["ID"])
    run.world.activate(run.windows)
    yield run.text("activated" if run.windows.licence.licensed else "activation_failed")


def _upk(run: _Run) -> Iterable[str]:
    if run.windows.licence.key is None:
        yield run.text("upk_none")
        return
    run.world.uninstall_key(run.windows)
    yield run.text("upk_done")


def _cpky(run: _Run) -> Iterable[str]:
    run.windows.licence.key_in_registry = False
    yield run.text("cpky_done")


def _rearm(run: _Run) -> Iterable[str]:
    run.world.rearm(run.windows)
    yield run.text("rearm_done")
    yield run.text("rearm_restart")


def _rilc(run: _Run) -> Iterable[str]:
    yield run.text("rilc_start")
    yield run.text("rilc_done")


def _skms(run: _Run) -> Iterable[str]:
    machine, _, port = run.argument.partition(":")
    kms = run.windows.licence.kms
    kms.machine, kms.port = machine, int(port) if port.isdecimal() else 1688
    yield run.text("skms_done", KMS=run.argument)


def _ckms(run: _Run) -> Iterable[str]:
    run.windows.licence.kms.machine = ""
    yield run.text("ckms_done")


_VERBS: dict[str, Callable[[_Run], Iterable[str]]] = {
    "dlv": _dlv,
    "dli": _dli,
    "xpr": _xpr,
    "ipk": _ipk,
    "ato": _ato,
    "upk": _upk,
    "cpky": _cpky,
    "rearm": _rearm,
    "rilc": _rilc,
    "skms": _skms,
    "ckms": _ckms,
}
_NEEDS_ARGUMENT = frozenset({"ipk", "skms"})
CHANGING_VERBS = frozenset({"ipk", "ato", "upk", "cpky", "rearm", "rilc", "skms", "ckms"})
"""Verbs that change the computer, or would."""
