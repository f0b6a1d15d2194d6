"""The JSON Schemas of the files people write, made from the same forms that read them."""

from typing import Any

from pydantic import BaseModel

from harness.core.errors import InputError
from harness.lab._inventory_form import InventoryForm
from harness.lab._playbook_form import PlaybookForm

__all__ = ["SCHEMAS", "schema"]

_FORMS: dict[str, type[BaseModel]] = {"inventory": InventoryForm, "playbook": PlaybookForm}

SCHEMAS = tuple(_FORMS)
"""The names that ``schema`` takes."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of "inventory" or "playbook", for editors and for checks elsewhere.

    Raises:
        InputError: there is no schema of that name.
    """
    if name not in _FORMS:
        raise InputError("There is no schema of that name.", target=name, hint=f"Use one of: {', '.join(_FORMS)}.")
    body = _FORMS[name].model_json_schema()
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"avma/{name}/1"}
        | body
        | {"title": f"avma-harness {name}"}
    )
