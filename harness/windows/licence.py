"""The licence as the Software Licensing Service holds it: read and changed through CIM, free of any language.

slmgr.vbs is a client of the same two classes, SoftwareLicensingProduct and SoftwareLicensingService, so what it does
can be done without it: InstallProductKey then RefreshLicenseStatus, Activate then RefreshLicenseStatus.
"""

from collections.abc import Mapping, Sequence

from harness.core.model import WINDOWS_APPLICATION_ID, LicenceRecord
from harness.core.witnesses.cim import licence_records
from harness.remoting import PowerShellSession, Statement, cmd
from harness.windows._refusal import refuse_errors
from harness.windows._values import Row
from harness.windows.answers import Answers, ask
from harness.windows.question import FULL, Projection, Question

__all__ = [
    "LEGACY_LICENCES",
    "LICENCES",
    "activate",
    "ask_with_licences",
    "clear_key",
    "install_key",
    "licences_of",
    "uninstall_key",
    "windows_licence",
]

_COMMON = (
    "ID",
    "Name",
    "Description",
    "ApplicationID",
    "PartialProductKey",
    "ProductKeyChannel",
    "LicenseFamily",
    "LicenseStatus",
    "LicenseStatusReason",
    "GracePeriodRemaining",
    "LicenseIsAddon",
)
_AVMA = (
    "IAID",
    "AutomaticVMActivationHostMachineName",
    "AutomaticVMActivationLastActivationTime",
    "AutomaticVMActivationHostDigitalPid2",
)
_WITH_KEY = f"ApplicationID='{WINDOWS_APPLICATION_ID}' AND PartialProductKey IS NOT NULL"


def _wql(properties: Sequence[str], source: str, *conditions: str) -> str:
    """A query out of this module's own constants."""
    text = ["SELECT", ", ".join(properties), "FROM", source]
    return " ".join([*text, "WHERE", " AND ".join(conditions)] if conditions else text)


_WINDOWS_PRODUCT = _wql("*", "SoftwareLicensingProduct", _WITH_KEY, "LicenseIsAddon = FALSE")
_SERVICE = _wql("*", "SoftwareLicensingService")


def _question(properties: tuple[str, ...]) -> Question:
    query = _wql(properties, "SoftwareLicensingProduct", _WITH_KEY)
    return Question("licences", (cmd("Get-CimInstance", Query=query),), properties)


LICENCES = _question(_COMMON + _AVMA)
"""Products with a key. Without the filter the service would list hundreds of instances, in seconds."""
LEGACY_LICENCES = _question(_COMMON)
"""The same for 2012 and older, whose class lacks the AVMA properties: there a query that names them is refused."""


def licences_of(rows: Sequence[Row]) -> tuple[LicenceRecord, ...]:
    """One record per product with a key; what the class lacks reads as None."""
    return licence_records(row.values for row in rows)


def windows_licence(records: Sequence[LicenceRecord]) -> LicenceRecord | None:
    """The operating system's own licence among them: not Office, not an add-on."""
    return next((record for record in records if record.is_windows), None)


def ask_with_licences(
    session: PowerShellSession, questions: Sequence[Question], projection: Projection = FULL, *, seconds: float
) -> Answers:
    """Ask questions that include LICENCES; where the machine refuses that query, ask again without AVMA properties.

    Retry class: read. One pipeline everywhere but on 2012 and older.

    Raises:
        TransportError: by phase.
    """
    answers = ask(session, questions, projection, seconds=seconds)
    if "licences" not in answers.parts or answers.parts["licences"].code != "query_refused":
        return answers
    again = ask(session, [LEGACY_LICENCES], projection, seconds=seconds)
    return answers.replaced("licences", again)


def install_key(session: PowerShellSession, key: str, *, seconds: float) -> None:
    """Install a product key through SoftwareLicensingService.InstallProductKey. Retry class: idempotent.

    Args:
        session: with administrator's rights; a filtered token gets 0x80070005 or 0xC004F025.
        key: a public key. Module logging (event 4103) on the machine may record it.
        seconds: deadline.

    Raises:
        RemoteError: refused, with ``hresult`` such as 0xC004F069 (key of another edition).
        TransportError: by phase.
    """
    _invoke(session, "install_key", (_SERVICE, "InstallProductKey", {"ProductKey": key}), seconds=seconds)


def activate(session: PowerShellSession, *, seconds: float) -> None:
    """Ask the Windows product to activate now, as slmgr /ato does. Retry class: idempotent; read back.

    Raises:
        RemoteError: refused, with ``hresult`` such as 0xC004FD02 (the host is not activated).
        TransportError: by phase.
    """
    _invoke(session, "activate", (_WINDOWS_PRODUCT, "Activate", {}), seconds=seconds)


def uninstall_key(session: PowerShellSession, *, seconds: float) -> None:
    """Take the Windows key out, as slmgr /upk does. Retry class: idempotent. Raises RemoteError, TransportError."""
    _invoke(session, "uninstall_key", (_WINDOWS_PRODUCT, "UninstallProductKey", {}), seconds=seconds)


def clear_key(session: PowerShellSession, *, seconds: float) -> None:
    """Clear the key from the registry, as slmgr /cpky does. Retry class: idempotent.

    Raises:
        RemoteError, TransportError: as install_key.
    """
    _invoke(session, "clear_key", (_SERVICE, "ClearProductKeyFromRegistry", {}), seconds=seconds, refresh=False)


def _invoke(
    session: PowerShellSession,
    step: str,
    call: tuple[str, str, Mapping[str, str]],
    *,
    seconds: float,
    refresh: bool = True,
) -> None:
    """One method of every instance a query finds, then RefreshLicenseStatus, in one pipeline."""
    query, method, arguments = call
    first = {"Query": query, "MethodName": method} | ({"Arguments": dict(arguments)} if arguments else {})
    statements = [Statement((cmd("Invoke-CimMethod", **first),))]
    if refresh:
        statements.append(Statement((cmd("Invoke-CimMethod", Query=_SERVICE, MethodName="RefreshLicenseStatus"),)))
    result = session.run(statements, seconds=seconds)
    refuse_errors(result.errors, target=session.target, step=step)
