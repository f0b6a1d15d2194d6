"""Get-CimInstance and Invoke-CimMethod.

Error ids: CimCmdlets put the MI or HRESULT code before the comma. How an SL_E code of a licensing method shows is not
recorded: a variant.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from harness.sim.cmdlets._cim_classes import CIMV2, class_rows, known_class, local_time
from harness.sim.cmdlets._convert import to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, Scope, cmdlet
from harness.sim.cmdlets._values import prop
from harness.sim.cmdlets._wql import Query, WqlError, parse_filter, parse_query
from harness.sim.objects import ErrorRecord, Obj, UInt32
from harness.sim.world import LicensingError, Row

__all__ = ["CHANGING_METHODS", "COMMANDS"]

_CLASS = "Microsoft.Management.Infrastructure.CimCmdlets."
CHANGING_METHODS = frozenset(
    {
        "activate",
        "uninstallproductkey",
        "installproductkey",
        "refreshlicensestatus",
        "clearproductkeyfromregistry",
        "rearmwindows",
    }
)
"""Methods of the licensing classes that change the computer they run on."""


class _CimError(Exception):
    def __init__(self, code: str, message: str, category: int = Category.NOT_SPECIFIED) -> None:
        super().__init__(message)
        self.code, self.category = code, category


def _error_record(call: Call, error: _CimError, target: object) -> ErrorRecord:
    return record(
        str(error),
        f"{error.code},{call.command.class_name}",
        error.category,
        reason="CimException",
        target=target,
        activity=call.command.name,
    )


_INVALID_CLASS = "HRESULT 0x80041010"
_INVALID_NAMESPACE = "HRESULT 0x8004100e"
_INVALID_QUERY = "HRESULT 0x80041017"
_NO_METHOD = "HRESULT 0x80041055"


def _namespace(call: Call) -> str:
    return call.text("Namespace", "root/cimv2").replace("\\", "/").casefold()


def _check(scope: Scope, namespace: str, class_name: str) -> str:
    known = known_class(scope, namespace, class_name)
    if known is None:
        if known_class(scope, namespace, "Msvm_ComputerSystem") is None and namespace != CIMV2:
            raise _CimError(_INVALID_NAMESPACE, "Invalid namespace ", Category.OBJECT_NOT_FOUND)
        raise _CimError(_INVALID_CLASS, "Invalid class ", Category.OBJECT_NOT_FOUND)
    return known


def _query(call: Call) -> Query:
    try:
        if call.has("Query"):
            return parse_query(call.text("Query"))
        properties = tuple(call.texts("Property"))
        if call.has("Filter"):
            test, named = parse_filter(call.text("Filter"))
            return Query(call.text("ClassName"), properties, named | set(properties), test)
        return Query(call.text("ClassName"), properties, frozenset(properties), lambda _row: True)
    except WqlError as error:
        raise _CimError(_INVALID_QUERY, f"Invalid query: {error}", Category.INVALID_ARGUMENT) from error


def _matching(call: Call) -> tuple[str, list[Row], Query]:
    """The class's right name, the rows a query wants, the query. Raises _CimError."""
    query, namespace = _query(call), _namespace(call)
    name = _check(call.scope, namespace, query.class_name)
    rows = class_rows(call.scope, namespace, name)
    if rows:
        known = {column.casefold() for column in rows[0]}
        unknown = [column for column in sorted(query.named) if column.casefold() not in known]
        if unknown:
            raise _CimError(_INVALID_QUERY, f"Invalid query: no property {unknown[0]} ", Category.INVALID_ARGUMENT)
    return name, [row for row in rows if query.test(row)], query


def _instance(call: Call, name: str, row: Row, properties: Iterable[str]) -> Obj:
    wanted = {column.casefold() for column in properties}
    windows = call.scope.windows
    shown = {
        column: local_time(windows, value) if isinstance(value, datetime) else value for column, value in row.items()
    }
    if wanted:
        shown = {column: value if column.casefold() in wanted else None for column, value in shown.items()}
    shown["PSComputerName"] = None
    kind = "Microsoft.Management.Infrastructure.CimInstance"
    types = (f"{kind}#{_namespace(call)}/{name}", f"{kind}#{name}", kind, "System.Object")
    return Obj(types, shown, text=f"{name}: {to_text(row.get('Name') or row.get('Caption') or '')}")


@cmdlet(
    "Get-CimInstance",
    P("ClassName", "string", 0),
    P("Query"),
    P("Filter"),
    P("Namespace"),
    P("Property", "string[]", aliases=("SelectProperties",)),
    P("KeyOnly", "switch"),
    P("OperationTimeoutSec", "uint"),
    P("ComputerName", "string[]"),
    P("QueryDialect"),
    P("Shallow", "switch"),
    module="CimCmdlets",
    class_name=_CLASS + "GetCimInstanceCommand",
    exclusive=(("ClassName", "Query"), ("Query", "Filter")),
)
def get_cim_instance(call: Call) -> Iterable[object]:
    call.scope.world.settle()
    try:
        name, rows, query = _matching(call)
    except _CimError as error:
        call.error(_error_record(call, error, call.text("ClassName") or call.text("Query")))
        return []
    return [_instance(call, name, row, query.properties) for row in rows]


@cmdlet(
    "Invoke-CimMethod",
    P("ClassName", "string", 0),
    P("MethodName", "string", 1, ("Name",), mandatory=True),
    P("Arguments", "hashtable", 2),
    P("Query"),
    P("Namespace"),
    P("InputObject", "object", aliases=("CimInstance",)),
    P("OperationTimeoutSec", "uint"),
    P("ComputerName", "string[]"),
    module="CimCmdlets",
    class_name=_CLASS + "InvokeCimMethodCommand",
    exclusive=(("ClassName", "Query", "InputObject"),),
)
def invoke_cim_method(call: Call) -> Iterable[object]:
    output = []
    try:
        for name, row in _method_targets(call):
            output.append(_invoke(call, name, row))
    except _CimError as error:
        call.error(_error_record(call, error, call.text("ClassName") or call.text("Query")))
    return output


def _method_targets(call: Call) -> list[tuple[str, Row]]:
    objects = [call.get("InputObject")] if call.has("InputObject") else list(call.input or [])
    if objects:
        return [_piped(item) for item in objects]
    name, rows, _ = _matching(call)
    return [(name, row) for row in rows] if call.has("Query") else [(name, {})]


def _piped(item: object) -> tuple[str, Row]:
    if isinstance(item, Obj) and "#" in item.types[0]:
        return item.types[0].rpartition("/")[2], {"ID": prop(item, "ID")}
    raise _CimError("MI RESULT 4", "Invalid parameter ", Category.INVALID_ARGUMENT)


def _invoke(call: Call, class_name: str, row: Row) -> Obj:
    method = call.text("MethodName")
    action = _METHODS.get((class_name.casefold(), method.casefold()))
    if action is None:
        raise _CimError(_NO_METHOD, f"Method {method} is not implemented in class {class_name} ")
    if method.casefold() in CHANGING_METHODS and not call.scope.administrator:
        raise _licensing(call, LicensingError(0x80070005 if method.casefold() == "installproductkey" else 0xC004F025))
    try:
        action(call, row)
    except LicensingError as error:
        raise _licensing(call, error) from error
    kind = "Microsoft.Management.Infrastructure.CimMethodResult"
    types = (f"{kind}#{class_name}#{method}", kind, "Microsoft.Management.Infrastructure.CimMethodResultBase")
    return Obj((*types, "System.Object"), {"ReturnValue": UInt32(0), "PSComputerName": None}, text=kind)


def _licensing(call: Call, error: LicensingError) -> _CimError:
    code = f"HRESULT 0x{error.hresult:08x}"
    if call.scope.world.variants["cim_error"] == "hresult_id":
        return _CimError(code, f"The Software Licensing Service reported an error. (0x{error.hresult:08X}) ")
    return _CimError(
        "MI RESULT 1", f"A general error occurred that is not covered by a more specific error code. {code}"
    )


def _argument(call: Call, name: str) -> str:
    value = prop(call.get("Arguments") or {}, name)
    if value is None:
        raise _CimError("MI RESULT 4", f"Invalid method parameter: {name} ", Category.INVALID_ARGUMENT)
    return to_text(value)


def _activate(call: Call, row: Row) -> None:
    if row.get("PartialProductKey", "") is None:
        raise LicensingError(0xC004F014)
    call.scope.world.activate(call.scope.windows)


def _uninstall(call: Call, _row: Row) -> None:
    call.scope.world.uninstall_key(call.scope.windows)


def _install(call: Call, _row: Row) -> None:
    call.scope.world.install_key(call.scope.windows, _argument(call, "ProductKey"))


def _refresh(call: Call, _row: Row) -> None:
    call.scope.world.settle()


def _clear(call: Call, _row: Row) -> None:
    call.scope.windows.licence.key_in_registry = False


def _rearm(call: Call, _row: Row) -> None:
    call.scope.world.rearm(call.scope.windows)


_METHODS: dict[tuple[str, str], Callable[[Call, Row], None]] = {
    ("softwarelicensingproduct", "activate"): _activate,
    ("softwarelicensingproduct", "uninstallproductkey"): _uninstall,
    ("softwarelicensingservice", "installproductkey"): _install,
    ("softwarelicensingservice", "refreshlicensestatus"): _refresh,
    ("softwarelicensingservice", "clearproductkeyfromregistry"): _clear,
    ("softwarelicensingservice", "rearmwindows"): _rearm,
}

COMMANDS = (get_cim_instance, invoke_cim_method)
