"""Evidence is kept, hashed, exported and checked; no secret is in it, nor in anything else that a run leaves behind."""

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import jsonschema
import pytest

import harness.cli._run as command
from harness.cli import main

HOST_PASSWORD = "C4nary of the h0st <&\"'%\\ö>"
GUEST_PASSWORD = "C4nary-of-the-guest"
KEYS = ("CNRYA-BCDFG-HJKMP-QRTVW-XY234", "CNRYB-BCDFG-HJKMP-QRTVW-XY236", "CNRYC-BCDFG-HJKMP-QRTVW-XY237")
WRONG_PASSWORD = "C4nary that opens nothing"
CANARIES = (HOST_PASSWORD, GUEST_PASSWORD, WRONG_PASSWORD, *KEYS, *(key.replace("-", "") for key in KEYS))

WORLD = f"""
version: 1
name: canaries
start: now
host_account: {{username: 'LAB\\operator', password: {json.dumps(HOST_PASSWORD)}}}
guest_account: {{username: Administrator, password: {json.dumps(GUEST_PASSWORD)}}}
host_keys:
  key-a: {{key: {KEYS[0]}, kind: retail, version: "2022"}}
  key-b: {{key: {KEYS[1]}, kind: retail, version: "2022"}}
  spent: {{key: {KEYS[2]}, kind: mak, version: "2022", activations: 3, used: 3}}
hosts:
  - name: HV-ONE
    os: {{release: "2022", edition: Datacenter}}
    guests:
      - {{name: web, os: {{release: "2022"}}}}
      - {{name: vault, os: {{release: "2019"}}, access: direct}}
      - name: chatty
        os: {{release: "2022"}}
        key: avma
        licensed: true
        kvp: {{OSName: {json.dumps("was: " + HOST_PASSWORD)}, Custom: {json.dumps(GUEST_PASSWORD)}}}
clusters:
  - name: AZL
    licensing: byol
    nodes:
      - name: NODE-A
        os: {{family: azure, release: "23H2", edition: Azure Stack HCI, core: true}}
        key: key-a
        guests: [{{name: app, os: {{release: "2022"}}, key: avma}}]
      - name: NODE-B
        os: {{family: azure, release: "23H2", edition: Azure Stack HCI, core: true}}
        key: key-b
        guests: []
      - name: NODE-C
        os: {{family: azure, release: "23H2", edition: Azure Stack HCI, core: true}}
        key: spent
        guests: []
"""


def encodings(secret: str) -> Iterator[tuple[str, bytes]]:
    """The secret in eight encodings, as bytes to look for."""
    wide = secret.encode("utf-16-le")
    yield "plain", secret.encode()
    yield "UTF-16", wide
    yield "JSON", json.dumps(secret)[1:-1].encode()
    yield "JSON", json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield "URL", quote(secret, safe="").encode()
    yield "XML", escape(secret, {'"': "&quot;", "'": "&apos;"}).encode()
    yield "XML", escape(secret).encode()
    yield "CLIXML", "".join(c if c.isalnum() else f"_x{ord(c):04X}_" for c in secret).encode()
    for data in (secret.encode(), wide):
        yield "hexadecimal", data.hex().encode()
        for offset in range(3):
            yield "base64", base64.b64encode(bytes(offset) + data)[4:-4]


def findings(artifacts: dict[str, bytes]) -> list[tuple[str, str]]:
    """Every artifact that holds a canary, and in which encoding."""
    found = []
    for name, body in artifacts.items():
        folded = body.lower()
        for secret in CANARIES:
            for encoding, form in encodings(secret):
                hay = folded if encoding == "hexadecimal" or secret in KEYS else body
                needle = form.lower() if hay is folded else form
                if needle in hay:
                    found.append((name, encoding))
    return found


class Trail:
    """Runs commands in every output format and collects what they leave behind."""

    def __init__(self, lab, folder: Path) -> None:
        self._lab = lab
        self._folder = folder
        self.artifacts: dict[str, bytes] = {}
        self.codes: dict[str, int] = {}

    def run(self, *words: str, output: str = "json") -> None:
        answer = self._lab.avma("-v", *words, output=output)
        name = f"{' '.join(words)} as {output}"
        self.codes[name] = answer.code
        self.artifacts[f"stdout of {name}"] = answer.out.encode()
        self.artifacts[f"stderr of {name}"] = answer.err.encode()

    def collect(self) -> dict[str, bytes]:
        """Everything, with the store's files, the report's files and the evidence's documents."""
        report, bundle = self._folder / "report", self._folder / "evidence.zip"
        self.run("report", "last", "--directory", str(report), "--evidence", str(bundle))
        for path in (*report.glob("*"), *Path(self._lab.store).parent.glob("store.db*")):
            self.artifacts[path.name] = path.read_bytes()
        if bundle.exists():
            with zipfile.ZipFile(bundle) as archive:
                self.artifacts |= {f"evidence {name}": archive.read(name) for name in archive.namelist()}
        return self.artifacts


@pytest.fixture
def trail(open_lab, tmp_path) -> Callable:
    @contextmanager
    def start(world: str = WORLD, **options: object) -> Iterator[tuple]:
        with open_lab(world, **options) as lab:
            yield lab, Trail(lab, tmp_path)

    return start


def judged(figure, trail: Trail, counted: str) -> None:
    artifacts = trail.collect()
    assert len(artifacts) > 5
    found = findings(artifacts)
    figure("K1", len(found), f"{counted}, 8 encodings")
    assert found == []


def test_the_search_finds_what_it_is_to_find():
    for encoding, form in encodings(HOST_PASSWORD):
        assert (("x", encoding)) in findings({"x": b"before " + form + b" after"})
    assert findings({"x": KEYS[0].lower().encode()})
    assert findings({"x": KEYS[1].replace("-", "").encode()})


@pytest.mark.gate
@pytest.mark.parametrize("shape", ["status_object", "full_key", "string"])
def test_no_secret_is_left_behind_where_all_goes_well(trail, figure, shape):
    with trail(variants={"avma_get_shape": shape}) as (lab, left):
        for output in ("json", "text", "ndjson"):
            left.run("facts", output=output)
            left.run("verify", output=output)
            left.run("plan", "activate-guests", output=output)
            left.run("doctor", output=output)
            left.run("capture", output=output)
            left.run("facts", "--kvp", output=output)
        left.run("onboard", "azl")
        left.run("apply", "activate-guests", "--report", str(Path(lab.store).parent / "report"))
        left.run("ledger")
        left.run("ledger", output="text")
        left.run("usage", "--csv", "-", output="text")
        left.run("usage")
        assert lab.keys()["node-a"] == ["XY234"], "the keys were used"
        assert b"web" in left.artifacts["stdout of facts as text"], "the tables were printed"
        judged(figure, left, "success paths")


@pytest.mark.gate
@pytest.mark.parametrize("failure", ["error_record", "status_object", "throw"])
def test_no_secret_is_left_behind_by_a_refused_key(trail, figure, failure):
    with trail(variants={"avma_set_failure": failure}) as (lab, left):
        for output in ("json", "text", "ndjson"):
            left.run("onboard", "azl", output=output)
        assert lab.keys()["node-c"], "the key was sent and refused"
        judged(figure, left, "a refused key")


@pytest.mark.gate
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset", "phase": "after", "action": "Receive:Set-VMAutomaticActivation"},
        {"kind": "truncated", "phase": "after", "action": "Command:Set-VMAutomaticActivation"},
        {"kind": "wsman_500", "phase": "before", "times": 0},
        {"kind": "refuse"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('action', '')}",
)
def test_no_secret_is_left_behind_by_lost_answers(trail, figure, fault):
    with trail() as (lab, left):
        lab.post("/faults", {"faults": [fault | {"machine": "NODE-A"}]})
        for output in ("json", "ndjson", "text"):
            left.run("onboard", "azl", output=output)
            left.run("doctor", "NODE-A", output=output)
        judged(figure, left, "lost answers")


@pytest.mark.gate
def test_no_secret_is_left_behind_by_wrong_passwords(trail, figure):
    # what a guest tells of itself is left out: a password that no reference opened is nobody's secret to the harness
    with trail(re.sub(r"kvp: {.*}", "kvp: {}", WORLD)) as (lab, left):
        folder = Path(lab.inventory).parent
        (folder / "guest-password").write_text(WRONG_PASSWORD)
        left.run("verify", output="text")
        left.run("doctor")
        (folder / "host-password").write_text(WRONG_PASSWORD)
        for output in ("json", "text", "ndjson"):
            left.run("verify", output=output)
            left.run("doctor", output=output)
        assert left.codes["verify as json"] == 4
        judged(figure, left, "wrong passwords")


@pytest.mark.gate
def test_no_secret_is_in_the_traceback_of_an_internal_error(trail, figure, monkeypatch):
    def break_down(_facts: object) -> None:
        raise RuntimeError(f"printed {HOST_PASSWORD} and {KEYS[0]} and {GUEST_PASSWORD}")

    monkeypatch.setenv("AVMA_DEBUG", "1")
    monkeypatch.setattr(command, "facts_tables", break_down)
    with trail() as (_, left):
        left.run("onboard", "azl")
        left.run("facts", output="text")
        assert left.codes["facts as text"] == 1
        told = left.artifacts["stderr of facts as text"].decode()
        assert "RuntimeError: printed ********" in told, told
        left.run("verify")
        judged(figure, left, "a traceback")


def schema(name: str) -> dict:
    return json.loads((Path("harness/report/schemas") / f"{name}.json").read_text())


def verified(lab) -> dict:
    answer = lab.avma("verify")
    assert answer.code == 7
    return answer.document


def exported(lab, path: Path) -> dict[str, bytes]:
    assert lab.avma("report", "last", "--evidence", str(path)).code == 0
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_verdict_has_its_raw_answers_in_the_bundle(open_lab, tmp_path):
    with open_lab() as lab:
        lab.avma("onboard", "azl")
        lab.avma("apply", "activate-guests")
        document = verified(lab)
        files = exported(lab, tmp_path / "evidence.zip")
        manifest = json.loads(files.pop("manifest.json"))
        jsonschema.validate(manifest, schema("evidence-bundle"))
        assert {entry["path"]: entry["sha256"] for entry in manifest["files"]} == {
            path: hashlib.sha256(body).hexdigest() for path, body in files.items()
        }
        record = json.loads(files["run.json"])
        assert record["run_id"] == manifest["run_id"] == document["run_id"]
        assert record["evidence"] == {
            entry["path"]: entry["sha256"] for entry in manifest["files"] if entry["path"] != "run.json"
        }
        for guest in document["guests"]:
            found = json.loads(files[f"guests/{guest['vm_id']}.json"])
            jsonschema.validate(found, schema("evidence"))
            assert found["verdict"]["verdict"] == guest["verdict"]
            of_host = files[f"hosts/{guest['host']}.json"]
            assert found["host_evidence_sha256"] == hashlib.sha256(of_host).hexdigest()
            if guest["verdict"] == "activated":
                row = next(r for r in found["answers"]["cim"]["rows"] if r["licensestatus"] == 1)
                assert row["partialproductkey"]
                assert row["partialproductkey"] in found["answers"]["slmgr_dlv"]
                assert found["answers"]["guest_event_12309"]["rows"]
                assert found["said_by_host"]["kvp"][0]["guestintrinsicexchangeitems"]
                assert json.loads(of_host)["answers"]["host_event_12310"]["rows"]
        node = json.loads(files["hosts/NODE-A.json"])
        assert node["answers"]["host_activation"]["rows"], "what Get-VMAutomaticActivation said"


def test_the_same_run_exports_the_same_bytes_and_they_check(open_lab, tmp_path):
    with open_lab() as lab:
        verified(lab)
        exported(lab, tmp_path / "one.zip")
        exported(lab, tmp_path / "two.zip")
        assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
        checked = lab.avma("report", "--check", str(tmp_path / "one.zip"))
        jsonschema.validate(checked.document, schema("evidence-check"))
        assert (checked.code, checked.document["findings"], checked.document["compared_with_store"]) == (0, [], True)


def repacked(path: Path, change: Callable[[dict[str, bytes]], None]) -> str:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(other, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return str(other)


def _edit(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.startswith("guests/"))
    files[name] = files[name].replace(b'"guest"', b'"Guest"')


def _edit_and_forge_the_manifest(files: dict[str, bytes]) -> None:
    _edit(files)
    manifest = json.loads(files["manifest.json"])
    for entry in manifest["files"]:
        entry["sha256"] = hashlib.sha256(files[entry["path"]]).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()


def _add(files: dict[str, bytes]) -> None:
    files["guests/extra.json"] = b"{}"


def _remove(files: dict[str, bytes]) -> None:
    del files[next(name for name in files if name.startswith("guests/"))]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_edit, "it was changed"),
        (_edit_and_forge_the_manifest, "the store remembers another SHA-256"),
        (_add, "not in the manifest"),
        (_remove, "missing"),
    ],
)
def test_a_bundle_that_was_tampered_with_is_found_out(open_lab, tmp_path, change, told):
    with open_lab() as lab:
        verified(lab)
        exported(lab, tmp_path / "evidence.zip")
        checked = lab.avma("report", "--check", repacked(tmp_path / "evidence.zip", change))
        assert checked.code == 3
        assert any(told in finding for finding in checked.document["findings"]), checked.document


def test_what_is_no_bundle_is_invalid_input(tmp_path, capsys):
    path = tmp_path / "no.zip"
    path.write_bytes(b"PK\x03\x04 no zip at all")
    assert main(["report", "--check", str(path), "--store", str(tmp_path / "s.db")]) == 5
    assert main(["report", "--check", str(tmp_path / "absent.zip"), "--store", str(tmp_path / "s.db")]) == 5
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_without_a_verdict_has_no_evidence_to_export(open_lab, tmp_path):
    with open_lab() as lab:
        lab.avma("facts")
        answer = lab.avma("report", "last", "--evidence", str(tmp_path / "evidence.zip"))
        assert answer.code == 5
        assert "no evidence" in answer.err
