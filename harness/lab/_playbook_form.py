"""The playbook as it is written. The JSON Schema `playbook` is made of these forms."""

import re
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from harness.core.catalogue import component, components
from harness.core.model import Flavour, StepKind
from harness.lab._form_types import Choice, Form, NullIsEmpty, Releases, Text, Texts, Timeout, Version, refuse

__all__ = ["KINDS", "PlaybookForm", "StepForm", "WhenForm"]

KINDS = tuple(kind.value for kind in StepKind)

_GUID = r"^\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?$"


def _component(value: object) -> object:
    """The GUID of an integration service, by the catalogue's name for it or as written."""
    if not isinstance(value, str):
        return value
    known = component(value)
    if known is not None:
        return known.guid
    if re.fullmatch(_GUID, value):
        return value.strip("{}").upper()
    keys = {row.key: row.key for row in components()}
    keys |= {name.casefold(): row.key for row in components() for name in row.names.values()}
    near = get_close_matches(value.casefold(), keys, n=1, cutoff=0.8)
    advice = (
        f"Did you mean `{keys[near[0]]}`?"
        if near
        else f"Use one of {', '.join(row.key for row in components())}, or a GUID."
    )
    raise refuse("not_allowed", "This is no integration service.", advice)


def _one_or_many(value: object) -> object:
    return value if isinstance(value, list) else [value]


Component = Annotated[
    str,
    BeforeValidator(_component),
    WithJsonSchema({"anyOf": [{"enum": [row.key for row in components()]}, {"type": "string", "pattern": _GUID}]}),
]


class NoOptions(Form):
    """This step has no options."""


class HostKeyOptions(Form):
    """Applying a key is permanent and uses it up."""

    accept_key_cost: bool = Field(
        default=False, description="true: a host that has another key gets this one as well, and both stay used."
    )


class SubscriptionOptions(Form):
    """Whether a subscription that is not in force is only reported, or enabled with an Azure token."""

    enable: bool = Field(default=False, description="true: enable it with Set-AzStackHCI; Azure bills it from then on.")
    credential: Text | None = Field(
        default=None, description="A credential of the inventory: username the Azure account, password an access token."
    )
    environment: Text = Field(default="AzureCloud", description="The Azure cloud, as Set-AzStackHCI names it.")
    timeout: Timeout = Field(default=600.0, description="How long to wait for Azure: PT10M, 10m or seconds.")


class IntegrationServiceOptions(Form):
    """Which integration service is to be on or off."""

    component: Component = Field(description="Its name here or its component GUID, the same in every language.")
    enabled: bool = True


class EditionOptions(Form):
    """A conversion restarts the guest and cannot be undone, so it is off unless asked for."""

    convert: bool = Field(
        default=False, description="true: DISM with the AVMA key turns an evaluation into the edition it can become."
    )
    to: Literal["Datacenter"] | None = Field(
        default=None, description="Datacenter: Standard guests become Datacenter as well; needs `convert: true`."
    )
    timeout: Timeout = Field(default=1800.0, description="How long to wait for the guest after its restart.")


class GuestKeyOptions(Form):
    """Which other activation a guest may lose for its AVMA key."""

    replace: list[Literal["kms", "mak", "retail"]] = Field(
        default_factory=list, description="A guest licensed in one of these ways gets the AVMA key as well."
    )


class CleanupOptions(Form):
    """Which guests lose what Data Exchange wrote into their registry of the host that activated them."""

    without_trace: bool = Field(
        default=False, description="true: also guests in which no event and no licence shows that AVMA was there."
    )


class WaitOptions(Form):
    """How long to wait for the guests' licence."""

    timeout: Timeout = Field(default=120.0, description="PT2M, 2m, 90s or a number of seconds.")


class CanaryOptions(Form):
    """Which VM is moved, alone, over the nodes of its cluster to prove that each activates it."""

    vm: Text = Field(description="Name or id of one expendable VM; no other VM is ever moved.")
    timeout: Timeout = Field(default=300.0, description="How long one move may take: PT5M, 5m or seconds.")


class WhenForm(Form):
    """Conditions that must all hold; each is one glob or several, of which one must fit, in any case."""

    os_version: Releases | None = Field(default=None, description="Windows Server releases: 2022, 2012 R2, 22H2.")
    edition: Texts | None = Field(default=None, description="Datacenter, Standard, Essentials, ...")
    flavour: (
        Annotated[
            list[Annotated[Flavour, Choice]],
            BeforeValidator(_one_or_many),
            WithJsonSchema({"anyOf": [{"enum": [*Flavour]}, {"type": "array", "items": {"enum": [*Flavour]}}]}),
        ]
        | None
    ) = Field(default=None, description="What kind of host.")
    name: Texts | None = Field(default=None, description="Globs on the target's name.")
    cluster: Texts | None = Field(default=None, description="Names of clusters.")


def _exactly_one_kind(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": [kind]} for kind in KINDS]


class StepForm(Form):
    """One step: exactly one kind with its options, and what every step may have."""

    model_config = ConfigDict(json_schema_extra=_exactly_one_kind)

    host_activation: Annotated[NoOptions | None, NullIsEmpty()] = Field(
        default=None, description="Check that hosts are activated themselves."
    )
    host_key: Annotated[HostKeyOptions | None, NullIsEmpty()] = Field(
        default=None, description="Give each host its key (Azure Stack HCI, Azure Local)."
    )
    subscription: Annotated[SubscriptionOptions | None, NullIsEmpty()] = Field(
        default=None, description="Check, or enable, the Windows Server subscription."
    )
    integration_service: Annotated[IntegrationServiceOptions | None, NullIsEmpty()] = Field(
        default=None, description="Switch a service on or off."
    )
    edition: Annotated[EditionOptions | None, NullIsEmpty()] = Field(
        default=None, description="Check, or change, the edition of guests that AVMA cannot activate as they are."
    )
    guest_key: Annotated[GuestKeyOptions | None, NullIsEmpty()] = Field(
        default=None, description="Install the generic AVMA key in guests."
    )
    activate: Annotated[NoOptions | None, NullIsEmpty()] = Field(
        default=None, description="Ask guests to activate now."
    )
    wait_for_activation: Annotated[WaitOptions | None, NullIsEmpty()] = Field(
        default=None, description="Wait until guests are licensed."
    )
    canary: CanaryOptions | None = Field(
        default=None, description="Move one expendable VM over every node of its cluster and activate it on each."
    )
    kvp_cleanup: Annotated[CleanupOptions | None, NullIsEmpty()] = Field(
        default=None, description="Remove what Data Exchange wrote into guests that another licence activates by now."
    )
    verify: Annotated[NoOptions | None, NullIsEmpty()] = Field(
        default=None, description="Prove the outcome from several witnesses."
    )

    name: Text | None = Field(default=None, description="What people see; the kind unless given.")
    when: WhenForm | None = None
    tags: Texts = Field(default_factory=list)
    serial: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many targets at once; all unless given."
    )


class PlaybookForm(Form):
    """A playbook of avma-harness: ordered steps, each a wish about hosts or guests."""

    version: Version = Field(description="The version of this format: 1.")
    name: Text
    targets: Texts = Field(default_factory=list, description="Hosts, clusters, groups or VM name globs; all if empty.")
    steps: list[StepForm] = Field(min_length=1)
