"""The parts of docs/simulated-lab.md that are made from the code; ``python -m tests.sim.sim_docs`` writes them."""

import ast
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from harness.sim.cmdlets import ALIASES, available_commands
from harness.sim.faults import KINDS
from harness.sim.script._casts import _RULES as TYPES
from harness.sim.script._evaluator import _REFUSED as REFUSED_COMMANDS
from harness.sim.topology import topology_schema
from harness.sim.variants import REGISTER, Variants

__all__ = ["PAGE", "PARTS", "renewed"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "simulated-lab.md"
_MODULES = ("Hyper-V", "FailoverClusters", "ServerAVMAManager", "AzureStackHCI", "Az.StackHCI")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _variants() -> str:
    rows = []
    for entry in REGISTER.values():
        ordered = sorted(entry.choices.items(), key=lambda pair: pair[0] != entry.default)
        choices = "<br>".join(f"`{name}`: {meaning}" for name, meaning in ordered)
        rows.append((f"`{entry.name}`", entry.question, choices, entry.source))
    return f"{len(REGISTER)} entries.\n\n" + _table(("name", "question", "choices, default first", "why open"), rows)


def _faults() -> str:
    rows = [(f"`{kind}`", ", ".join(f"`{phase}`" for phase in phases)) for kind, phases in KINDS.items()]
    return _table(("kind", "phases, default first"), rows)


def _commands() -> str:
    names: dict[str, list[str]] = defaultdict(list)
    for command in available_commands(_MODULES, Variants()).values():
        names[command.module].append(command.name)
    rows = [(module, ", ".join(f"`{name}`" for name in sorted(found))) for module, found in sorted(names.items())]
    aliases = ", ".join(f"`{alias}` {name}" for alias, name in sorted(ALIASES.items()))
    return _table(("module", "commands"), rows) + f"\n\nAliases: {aliases}."


def _script() -> str:
    path = ROOT / "tests" / "cases" / "script" / "refused.yaml"
    cases = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    constructs = ", ".join(case["name"] for case in cases if "refused" in case)
    commands = ", ".join(f"`{name}`" for name in sorted(REFUSED_COMMANDS))
    types = ", ".join(f"`[{name}]`" for name in sorted(TYPES))
    return (
        f"Types: {types}, and exceptions by name.\n\n"
        f"Refused before the first statement, each with a test: {constructs}.\n\n"
        f"Refused when they are reached, since they belong to the language more than to a module: {commands}."
    )


def _topology() -> str:
    schema = topology_schema()
    forms: Mapping[str, Any] = {"TopologyForm": schema, **schema["$defs"]}  # type: ignore[dict-item]
    parts = []
    for name, form in forms.items():
        needed = form.get("required", [])
        rows = [
            (f"`{key}`", _kind(field), "needed" if key in needed else _default(field), field.get("description", ""))
            for key, field in form["properties"].items()
        ]
        title = name.removesuffix("Form").lower()
        parts.append(f"**{title}**: {form['description']}\n\n" + _table(("key", "type", "default", "meaning"), rows))
    return "\n\n".join(parts)


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2].removesuffix("Form").lower()
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"] if one.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"name: {_kind(field['additionalProperties'])}"
    return str(field.get("type", "any"))


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None:
        return "-"
    return "the defaults below" if isinstance(value, dict) and value else f"`{json.dumps(value, ensure_ascii=False)}`"


def _anchors() -> str:
    tree = ast.parse((ROOT / "tests" / "sim" / "test_sim_conformance.py").read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    loose = [name.removeprefix("test_unanchored_").replace("_", " ") for name in names if "unanchored" in name]
    points = "\n".join(f"* {text}" for text in loose)
    return f"{len(names) - len(loose)} points rest on a recording. {len(loose)} rest on none:\n\n{points}"


def _texts() -> str:
    data = tomllib.loads((files("harness.sim") / "data" / "slmgr.toml").read_text(encoding="utf-8"))
    rows = [
        (tag, str(len(texts.get("recorded", {}))), str(len(texts.get("invented", {}))))
        for tag, texts in data.items()
        if isinstance(texts, dict) and {"recorded", "invented"} & set(texts)
    ]
    return _table(("language", "texts from public sources", "texts invented"), rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "anchors": _anchors,
    "texts": _texts,
    "commands": _commands,
    "script": _script,
    "variants": _variants,
    "faults": _faults,
    "topology": _topology,
}


def renewed(text: str) -> str:
    """The page with every part made anew. Raises ValueError where a part's place is missing."""
    for name, part in PARTS.items():
        begin, end = f"<!-- made from the code: {name} -->", f"<!-- end of {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{PAGE.name} has no place for {name}: {begin} … {end}")
        text = f"{head}{begin}\n\n{part()}\n\n{end}{tail}"
    return text


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is renewed\n")
