"""The published JSON Schemas say the same as the loaders, as far as a schema can."""

import json

import pytest
from jsonschema import Draft202012Validator
from lab_yaml_cases import CORPUS, case_names, expected
from ruamel.yaml import YAML

from harness.core.errors import InputError
from harness.lab import SCHEMAS, schema

STRUCTURAL = {"unknown_key", "wrong_type", "not_allowed", "out_of_range", "literal_secret", "secret_source", "empty"}
# what an ordinary YAML reader cannot turn into data at all
UNREADABLE = {"inventory-number-of-five-thousand-digits"}
UNLOADABLE = {"yaml_syntax", "duplicate_key", "tab", "not_utf8", "empty_file", "bad_key", "too_large"}


def _codes(name):
    return {want.code for want in expected(name)}


def _valid(name, document):
    return Draft202012Validator(schema(name)).is_valid(json.loads(json.dumps(document, default=str)))


CHECKED = [n for n in case_names() if _codes(n) & STRUCTURAL and not _codes(n) & UNLOADABLE and n not in UNREADABLE]


@pytest.mark.parametrize("name", CHECKED)
def test_the_schema_refuses_what_the_loader_finds_structurally_wrong(name):
    document = YAML(typ="safe", pure=True).load(CORPUS / f"{name}.yaml")
    assert not _valid(name.split("-")[0], document)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("inventory", "{version: 1, hosts: {hv-1: , hv-2: {}}}"),
        ("inventory", "{version: 1, hosts: {hv-1: }, groups: , guests: {Web 1: , x: {tags: web}}}"),
        ("inventory", "{version: 1, clusters: {z: {licensing: host, nodes: {n: , m: {port: 1}}}}}"),
        ("inventory", "{version: 1, hosts: {h: }, keys: {k: {kind: oem, version: 2022, key: {env: K}}}}"),
        ("playbook", "{version: 1, name: p, steps: [verify: , {activate: {}, tags: t}]}"),
        (
            "playbook",
            "{version: 1, name: p, targets: a, steps: [{verify: , when: {os_version: 2022, flavour: other}}]}",
        ),
        ("playbook", "{version: 1, name: p, steps: [wait_for_activation: {timeout: 2m}]}"),
    ],
)
def test_the_schema_accepts_every_short_way_of_writing(name, text):
    assert _valid(name, YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_a_valid_one_and_carries_its_version(name):
    body = schema(name)
    Draft202012Validator.check_schema(body)
    assert body["$id"] == f"avma/{name}/1"
    assert body["description"]


def test_every_key_of_the_playbook_schema_that_is_a_step_says_what_it_does():
    properties = schema("playbook")["$defs"]["StepForm"]["properties"]
    assert [
        key for key, value in properties.items() if not value.get("description") and key not in ("when", "tags")
    ] == []


def test_an_unknown_schema_is_refused_with_the_known_names():
    with pytest.raises(InputError, match="Use one of: inventory, playbook"):
        schema("inventroy")
