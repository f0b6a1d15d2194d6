"""The way to a machine: its name, its port, its certificate, its WinRM, its clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address

from harness.core.errors import ResolveError
from harness.core.model import Auth, Connection
from harness.core.model.checkup import Check, CheckState
from harness.engine.doctor import _fixes
from harness.remoting.listener import CertificateView, ListenerView

__all__ = ["failed", "skipped", "way_checks"]

_SOON = timedelta(days=30)
_KERBEROS_SKEW = 300.0
"""Seconds: the tolerance of Kerberos (RFC 4120 section 7.5.4 and Active Directory's default)."""
_NEEDED = {Auth.BASIC: "Basic", Auth.CREDSSP: "CredSSP", Auth.KERBEROS: "Kerberos", Auth.NTLM: "Negotiate"}


def ok(name: str, seen: str) -> Check:
    """A check that passed."""
    return Check(name, CheckState.OK, seen)


def failed(name: str, seen: str, fix: str, code: str = "") -> Check:
    """A check that did not."""
    return Check(name, CheckState.FAILED, seen, fix, code)


def warning(name: str, seen: str, fix: str, code: str = "") -> Check:
    """Something that works today and will not tomorrow, or not for everything."""
    return Check(name, CheckState.WARNING, seen, fix, code)


def skipped(*names: str, why: str) -> tuple[Check, ...]:
    """Checks that were not tried."""
    return tuple(Check(name, CheckState.SKIPPED, why) for name in names)


def way_checks(connection: Connection, view: ListenerView, now: datetime) -> tuple[Check, ...]:
    """Five checks in their order; after the first failure the rest is skipped."""
    steps: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("name", lambda: _name(connection, view)),
        ("port", lambda: _port(connection, view)),
        ("certificate", lambda: _certificate(connection, view, now)),
        ("winrm", lambda: _winrm(connection, view)),
        ("clock", lambda: _clock(connection, view)),
    )
    checks: list[Check] = []
    for name, step in steps:
        if any(check.state is CheckState.FAILED for check in checks):
            checks += skipped(name, why="not tried: see the first failure")
        else:
            checks.append(step())
    return tuple(checks)


def _name(connection: Connection, view: ListenerView) -> Check:
    if isinstance(view.failure, ResolveError):
        return failed("name", view.failure.message, _fixes.name(connection), view.failure.code)
    try:
        ip_address(connection.address)
    except ValueError:
        return ok("name", f"{connection.address} resolves to {', '.join(view.addresses[:4]) or 'an address'}")
    return ok("name", f"{connection.address} is an address")


def _port(connection: Connection, view: ListenerView) -> Check:
    if not view.connected and view.failure is not None:
        return failed("port", view.failure.message, _fixes.port(connection), view.failure.code)
    return ok("port", f"TCP port {connection.port} is open")


def _certificate(connection: Connection, view: ListenerView, now: datetime) -> Check:
    if connection.scheme != "https":
        return skipped("certificate", why="HTTP has none; every message is encrypted by the authentication")[0]
    shown = view.certificate
    if view.tls_problem is not None and view.failure is not None:
        fix = _fixes.certificate(view.tls_problem, shown.names if shown else ())
        return failed("certificate", f"{view.failure.message}{_description(shown)}", fix, view.tls_problem)
    if not connection.verify:
        until = f" until {connection.waiver.expires}" if connection.waiver else ""
        fix = "Name the CA as `ca: FILE.pem` in the inventory and take `verify: ignore` and its waiver out."
        return warning("certificate", f"not validated, by a waiver{until}{_description(shown)}", fix, "not_validated")
    if shown is not None and shown.not_after - now < _SOON:
        seen = f"valid, but only until {shown.not_after:%Y-%m-%d}"
        return warning("certificate", seen, _fixes.certificate("expired", ()), "expires_soon")
    return ok("certificate", f"believed{_description(shown)}")


def _description(shown: CertificateView | None) -> str:
    if shown is None:
        return ""
    names = ", ".join(shown.names[:4]) or shown.subject
    return f" (for {names}; issued by {shown.issuer}; valid {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d})"


def _winrm(connection: Connection, view: ListenerView) -> Check:
    if view.failure is not None:
        return failed("winrm", view.failure.message, view.failure.hint or _fixes.port(connection), view.failure.code)
    if view.status in {404, 503}:
        seen = f"HTTP {view.status}: WinRM is not what answers there, or is not ready."
        return failed("winrm", seen, "On the machine: Get-Service WinRM; Restart-Service WinRM", "not_winrm")
    needed = _NEEDED.get(connection.auth)
    offered = ", ".join(view.offered) or "nothing"
    if view.status == 401 and needed and needed not in view.offered and view.offered:
        return failed(
            "winrm", f"It offers {offered}, not {needed}.", _fixes.offer(needed, view.offered), "scheme_not_offered"
        )
    return ok("winrm", f"answers with HTTP {view.status}, offers {offered}")


def _clock(connection: Connection, view: ListenerView) -> Check:
    if view.skew is None:
        return skipped("clock", why="the listener does not tell its time")[0]
    ahead = "ahead of" if view.skew > 0 else "behind"
    seen = f"{abs(view.skew):.0f} s {ahead} this machine's clock"
    if abs(view.skew) <= _KERBEROS_SKEW:
        return ok("clock", seen)
    effect = "Kerberos refuses it" if connection.auth is Auth.KERBEROS else "Kerberos would refuse it"
    return warning("clock", f"{seen}: past the 5 minutes of Kerberos; {effect}", _fixes.CLOCK, "clock_skew")
