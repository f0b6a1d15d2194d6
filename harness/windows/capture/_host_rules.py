"""Questions that a host answers by itself: its undocumented commands, its subscription, its cluster, its rights."""

import re
from collections.abc import Callable, Iterator, Mapping

from harness.core.catalogue import normal_release
from harness.core.model import DATA_EXCHANGE, Flavour, VmState
from harness.remoting import EnumValue, PipelineResult, RemoteObject, to_plain
from harness.windows.capture._material import HostMaterial, Material, first_error
from harness.windows.capture._sightings import Sighting, agreed, unseen

__all__ = ["HOST_RULES"]

_AZURE = frozenset({Flavour.AZURE_STACK_HCI, Flavour.AZURE_LOCAL})
_FULL_KEY = re.compile(r"(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}")
_NO_NODE = "No Azure Stack HCI or Azure Local node with the module ServerAVMAManager was among the hosts."
_NO_DEFINITION = "Get-Command did not show the function's definition."
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_EMPTY = "An empty answer alone does not tell whether a key is there."


def _nodes(material: Material) -> Iterator[tuple[HostMaterial, PipelineResult]]:
    for host in material.hosts:
        if host.facts.flavour in _AZURE and host.activation is not None:
            yield host, host.activation


def _shape(value: object) -> tuple[str | None, bool]:
    """Which form an answer has, and whether it shows a key in force."""
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, str):
        return "string", re.search(r"[A-Z0-9*]{5}-[A-Z0-9]{5}\W*$", value) is not None
    if isinstance(value, Mapping):
        return "hashtable", any(_filled(inner) for key, inner in value.items() if "key" in str(key).casefold())
    if not isinstance(value, RemoteObject):
        return None, False
    table = {key.casefold(): inner for key, inner in value.properties.items()}
    form = next((name for name, fits in _FORMS if fits(table)), None)
    parts = [table, *(_table(inner) for inner in table.values() if _is_nested(inner))]
    keys = [inner for part in parts for key, inner in part.items() if "key" in key and "version" not in key]
    return form, any(_filled(inner) for inner in keys)


def _is_nested(value: object) -> bool:
    """An object inside an object; remoting writes it as text one level down."""
    return isinstance(value, RemoteObject | Mapping) or (isinstance(value, str) and value.startswith("@{"))


def _table(value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        return {name.casefold(): inner for name, inner in re.findall(r"(\w+)=([^;}]*)", value)}
    inner = value.properties if isinstance(value, RemoteObject) else value
    assert isinstance(inner, Mapping)
    return {str(key).casefold(): item for key, item in inner.items()}


def _filled(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_full(table: Mapping[str, object]) -> bool:
    key = table.get("productkey")
    return isinstance(key, str) and _FULL_KEY.fullmatch(key.upper()) is not None


_Fits = Callable[[Mapping[str, object]], bool]
_FORMS: tuple[tuple[str, _Fits], ...] = (
    ("nested", lambda t: any(map(_is_nested, t.values()))),
    ("full_key", _is_full),
    ("cim_like", lambda t: isinstance(t.get("licensestatus"), int) and "partialproductkey" in t),
    ("partial_key_object", lambda t: {"partialproductkey", "activationstatus"} <= t.keys()),
    ("status_object", lambda t: {"productkey", "status", "version"} <= t.keys()),
    ("full_key", lambda t: set(t) == {"productkey"}),
)


def _get_shape(material: Material) -> Sighting:
    found, odd = [], []
    for host, result in _nodes(material):
        shown = [to_plain(value) for value in result.output]
        shapes = [_shape(value) for value in result.output]
        if len(shapes) == 1 and shapes[0][1] and shapes[0][0]:
            found.append((shapes[0][0], f"{host.facts.name} shows a key in this form.", shown))
        elif shown and any(value is not None for value in shown):
            odd.append(shown)
    if found or not odd:
        return agreed(found, _NO_NODE if not any(_nodes(material)) else f"No node showed a key in force. {_EMPTY}")
    return unseen(
        "A node answered in a form that the register does not have, or without a key: see the evidence.", *odd
    )


def _get_unset(material: Material) -> Sighting:
    shows_keys = any(_shape(value)[1] for _, result in _nodes(material) for value in result.output)
    found: list[tuple[str, str, object]] = []
    for host, result in _nodes(material):
        shown, name = [to_plain(value) for value in result.output], host.facts.name
        error = first_error(result)
        if error is not None and not result.output:
            found.append(("error", f"{name} answers with an error: {error.error_id}.", error.message))
        elif result.output == (None,):
            found.append(("null", f"{name} puts out one $null.", shown))
        elif len(result.output) == 1 and not _shape(result.output[0])[1]:
            found.append(("object", f"{name} puts out the usual form with nothing in it.", shown))
        elif not result.output and shows_keys:
            found.append(("nothing", f"{name} puts out nothing, while another node shows its key.", shown))
    if found:
        return agreed(found, "")
    return unseen(_NO_NODE if not any(_nodes(material)) else f"No node without a key was told apart. {_EMPTY}")


def _set_definitions(material: Material) -> Iterator[tuple[str, str]]:
    """The text of Set-VMAutomaticActivation, with the host's name."""
    for host in material.hosts:
        for command in host.commands:
            if not isinstance(command, RemoteObject):
                continue
            definition, name = command.get("Definition"), str(command.get("Name")).casefold()
            if isinstance(definition, str) and name == "set-vmautomaticactivation":
                yield host.facts.name, definition


def _set_validation(material: Material) -> Sighting:
    for host, definition in _set_definitions(material):
        checks = "validatepattern" in definition.partition("begin")[0].casefold()
        choice = "pattern" if checks else "function"
        return Sighting(choice, f"The definition of the function on {host} says so.", (definition,))
    return unseen(_NO_DEFINITION)


def _set_parameter(material: Material) -> Sighting:
    names = {"productkey": "product_key", "key": "key"}
    for host, definition in _set_definitions(material):
        found = [name for name in re.findall(r"\$(\w+)", definition.partition("begin")[0]) if name.casefold() in names]
        if found:
            said = f"The definition of the function on {host} has -{found[0]}."
            return Sighting(names[found[0].casefold()], said, (definition,))
    return unseen(_NO_DEFINITION)


def _component_id(material: Material) -> Sighting:
    found: list[tuple[str, str, object]] = []
    for host in material.hosts:
        answer = host.raw.get("services")
        for row in answer.get("rows", ()) if isinstance(answer, Mapping) else ():
            guids = "".join(_GUID.findall(str(row.get("id") or "")))
            letters = {letter.isupper() for letter in guids if letter.isalpha()}
            if len(letters) == 1:
                found.append(
                    ("upper" if letters == {True} else "lower", f"{host.facts.name} writes them so.", guids[-36:])
                )
    return agreed(found, "No host listed an integration service.")


def _subscription_property(material: Material) -> Sighting:
    found = []
    for host, row in _rows(material, lambda host: host.subscriptions):
        names = {key.casefold() for key in row.properties} & {"status", "subscriptionstatus"}
        choice = "both" if len(names) == 2 else {"status": "status"}.get(next(iter(names), ""), "subscription_status")
        if names:
            found.append((choice, f"{host} has the properties {', '.join(row.properties)}.", to_plain(row)))
    return agreed(found, "No host answered Get-AzureStackHCISubscriptionStatus.")


def _subscription_number(material: Material) -> Sighting:
    numbers = {("active", 0): "zero", ("active", 1): "one", ("active", 2): "two", ("inactive", 0): "one"}
    found = []
    for host, row in _rows(material, lambda host: host.states):
        for value in (row.get("Status"), row.get("SubscriptionStatus")):
            if isinstance(value, EnumValue) and value.number is not None:
                choice = numbers.get((value.name.casefold(), value.number))
                if choice:
                    found.append((choice, f"On {host} {value.name} is {value.number}.", to_plain(value)))
    return agreed(found, "No host showed a subscription state with its number.")


def _rows(
    material: Material, part: Callable[[HostMaterial], PipelineResult | None]
) -> Iterator[tuple[str, RemoteObject]]:
    for host in material.hosts:
        result = part(host)
        for row in result.output if result else ():
            if isinstance(row, RemoteObject):
                yield host.facts.name, row


def _without_rights(material: Material) -> Sighting:
    found = []
    for host in material.hosts:
        facts, vms = host.facts, host.raw.get("vms")
        if facts.hyperv is False or facts.parts["hyperv"].ok or not isinstance(vms, Mapping):
            continue
        errors = vms.get("errors")
        choice = "error" if errors else "empty"
        if not vms.get("rows"):
            found.append((choice, f"Get-VMHost refused this account on {facts.name}; Get-VM gave {choice}.", errors))
    return agreed(found, "The account is a Hyper-V administrator on every host; another one's view was not tried.")


def _cluster(material: Material) -> Sighting:
    found: list[tuple[str, str, object]] = []
    for host in material.hosts:
        state, facts = host.facts.parts["nodes"], host.facts
        if state.ok and facts.cluster is not None:
            found.append(("works", f"Get-ClusterNode answers on {facts.name}.", [n.name for n in facts.cluster.nodes]))
        elif state.code == "access_denied" and facts.parts["hyperv"].ok:
            found.append(("denied", f"Get-ClusterNode on {facts.name}: {state.message}", state.message))
    return agreed(found, "No host is a node of a cluster.")


def _kvp_when_disabled(material: Material) -> Sighting:
    spoke = {g.lane.vm.vm_id for g in material.guests if g.lane.facts and g.lane.facts.reported_vm_id}
    found = []
    for host in material.hosts:
        for vm in host.facts.vms:
            service = vm.service(DATA_EXCHANGE)
            if service is None or service.enabled or vm.state is not VmState.RUNNING or not host.facts.parts["kvp"].ok:
                continue
            if vm.kvp:
                found.append(("stale", f"{vm.name} has it off, and its items are still there.", sorted(vm.kvp)))
            elif vm.vm_id in spoke:
                found.append(("empty", f"{vm.name} has it off after it had worked, and no items are there.", []))
    return agreed(found, "No running VM has Data Exchange switched off after it had worked.")


def release_of_key(host: HostMaterial) -> str | None:
    """The release of a node's key, where its answer tells."""
    version = host.facts.activation.version if host.facts.activation else None
    return normal_release(version) if version else None


HOST_RULES: Mapping[str, Callable[[Material], Sighting]] = {
    "avma_get_shape": _get_shape,
    "avma_get_unset": _get_unset,
    "avma_set_validation": _set_validation,
    "avma_set_parameter": _set_parameter,
    "hci_status_property": _subscription_property,
    "hci_status_number": _subscription_number,
    "hyperv_without_rights": _without_rights,
    "component_id_form": _component_id,
    "cluster_from_network_logon": _cluster,
    "kvp_when_disabled": _kvp_when_disabled,
}
