"""Whatever is written, only findings come back, and no finding repeats a value."""

import copy
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.lab import LabFileError, load_inventory, load_playbook, shipped_inventories, shipped_playbooks

INVENTORY = shipped_inventories()["cluster"].read_text("utf-8")
PLAYBOOK = shipped_playbooks()["onboard-cluster"].read_text("utf-8")
SHIPPED = {"inventory": (load_inventory, INVENTORY), "playbook": (load_playbook, PLAYBOOK)}
CANARY = "Canary7Hunter"
# everything an inventory can hold, so that the canary sits once in every place
RICH = """
version: 1
defaults: {scheme: https, port: 5986, auth: negotiate, credential: c, ca: ./x, configuration: r, connect_seconds: 1,
           operation_seconds: 2, verify: false, waiver: {reason: r, expires: 2026-01-01}}
credentials:
  c: {username: u, password: {env: A}}
  d: {username: u, password: {keyring: {service: s, username: u}}}
  e: {username: u, password: {vault: {path: p, field: f, mount: m}}}
  f: {username: u, password: {command: [a, b]}, certificate: c, private_key: k}
keys:
  k: {kind: mak, version: "2022", activations: 2, key: {file: ./f}}
hosts:
  h: {address: a, key: k, licensing: byol, auth: basic, credential: f}
clusters:
  z: {licensing: byol, seed: n, nodes: {n: {address: b, key: k, auth: credssp}}}
guest_access:
  - {match: {name: n, host: h}, via: winrm, credential: c}
guests:
  g: {address: 127.0.0.1, via: winrm, credential: c, tags: [t]}
groups:
  gr: [h, z]
"""


def _paths(data, path=()):
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in children:
        yield (*path, name)
        yield from _paths(value, (*path, name))


def _with_canary(text, path):
    data = copy.deepcopy(YAML(typ="safe", pure=True).load(text))
    owner = data
    for name in path[:-1]:
        owner = owner[name]
    owner[path[-1]] = CANARY
    out = io.StringIO()
    YAML(typ="safe", pure=True).dump(data, out)
    return out.getvalue()


def _findings(load, path, text):
    path.write_text(text, "utf-8")
    try:
        load(path)
    except LabFileError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("path", list(_paths(YAML(typ="safe", pure=True).load(RICH))), ids=str)
def test_a_secret_written_into_any_value_of_an_inventory_is_never_repeated(tmp_path, path):
    findings = _findings(load_inventory, tmp_path / "lab.yaml", _with_canary(RICH, path))
    assert findings
    assert not [problem for problem in findings if CANARY in str(problem)]


@pytest.mark.parametrize("path", list(_paths(YAML(typ="safe", pure=True).load(PLAYBOOK))), ids=str)
def test_a_secret_written_into_any_value_of_a_playbook_is_never_repeated(tmp_path, path):
    findings = _findings(load_playbook, tmp_path / "p.yaml", _with_canary(PLAYBOOK, path))
    assert not [problem for problem in findings if CANARY in str(problem)]


EDITS = st.lists(
    st.tuples(
        st.integers(0, 3000),
        st.integers(0, 12),
        st.one_of(
            st.sampled_from(
                ["\t", ":", "\n", "- ", "{", "}", "[", "]", "'", '"', "&a ", "*a", "<<: ", "!x ", "? ", "|"]
            ),
            st.sampled_from(
                ["null", "true", "-1", "1e400", ".nan", "2027-99-99", "\u2028", "\u00e4", "\x00", "%", "@"]
            ),
            st.text(max_size=3),
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", SHIPPED)
@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=EDITS)
def test_no_edit_of_a_good_file_ends_in_anything_but_findings_inside_it(tmp_path, kind, edits):
    load, text = SHIPPED[kind]
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for start, length, piece in edits:
        at = start % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    text = text.encode("utf-8", "ignore").decode("utf-8")
    path = tmp_path / "file.yaml"
    for problem in _findings(load, path, text):
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert (
            problem.place.line
            <= text.count("\n")
            + text.count("\r")
            + text.count("\u2028")
            + text.count("\u2029")
            + text.count("\x85")
            + 2
        )
        assert problem.message
