"""`avma schema`: the JSON Schemas of what people write and of what we print."""

import json
import sys
from importlib.resources import files

from harness.cli._options import Options
from harness.core.errors import InputError

__all__ = ["schema"]

_WRITTEN = ("inventory", "playbook", "topology")


def schema(_options: Options, name: str | None) -> int:
    """`avma schema [NAME]`: the schema, or the list of names."""
    folder = files("harness") / "report" / "schemas"
    printed = sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))
    if name is None:
        sys.stdout.write("\n".join((*_WRITTEN, *printed)) + "\n")
        return 0
    wanted = name.removeprefix("avma/").removesuffix("/1")
    if wanted in printed:
        sys.stdout.write((folder / f"{wanted}.json").read_text("utf-8"))
        return 0
    if wanted not in _WRITTEN:
        raise InputError("There is no such schema.", target=name, hint="`avma schema` lists the names.")
    sys.stdout.write(json.dumps(_written(wanted), indent=2, ensure_ascii=False) + "\n")
    return 0


def _written(name: str) -> object:
    if name == "topology":
        return json.loads((files("harness") / "sim" / "data" / "topology.schema.json").read_text("utf-8"))
    from harness.lab import schema as of_lab

    return of_lab(name)
