"""Evidence as one file: a ZIP with the run's record, every raw answer and a manifest of hashes; and its check.

The same run makes the same bytes, whenever and wherever it is exported.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.errors import InputError

__all__ = ["BundleCheck", "bundle", "check_bundle"]

_MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES = 1 << 30
"""More than this in one file is no bundle of ours."""


@dataclass(frozen=True, slots=True)
class BundleCheck:
    """What is wrong with a bundle: a sentence for each file; ``files`` counts those that were looked at."""

    run_id: str
    files: int
    findings: tuple[str, ...]


def bundle(run: Mapping[str, object], documents: Mapping[str, bytes]) -> bytes:
    """A run's evidence as a ZIP.

    Args:
        run: the avma/run/1 document.
        documents: by path, as the store keeps them.
    """
    record = json.dumps(run, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8")
    files = {"run.json": record, **documents}
    manifest = {
        "schema": "avma/evidence-bundle/1",
        "run_id": run["run_id"],
        "command": run["command"],
        "started": run["started"],
        "finished": run["finished"],
        "files": [{"path": path, "sha256": _digest(body), "bytes": len(body)} for path, body in sorted(files.items())],
    }
    written = json.dumps(manifest, ensure_ascii=False, indent=1).encode("utf-8")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in {_MANIFEST: written, **dict(sorted(files.items()))}.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, body)
    return buffer.getvalue()


def check_bundle(data: bytes, known: Mapping[str, str] | None = None) -> BundleCheck:
    """Compare every file of a bundle with its manifest, and with what the store remembers where that is known.

    Args:
        data: the ZIP.
        known: SHA-256 by path, as the store of the run has them; None where it is not at hand.

    Raises:
        InputError: this is no bundle.
    """
    files = _unpacked(data)
    try:
        manifest = json.loads(files.pop(_MANIFEST))
        listed = {str(entry["path"]): str(entry["sha256"]) for entry in manifest["files"]}
        run_id = str(manifest["run_id"])
    except (KeyError, ValueError, TypeError) as error:
        raise _no_bundle() from error
    findings = [f"{path}: it is missing." for path in listed if path not in files]
    findings += [f"{path}: it is not in the manifest." for path in files if path not in listed]
    for path, body in files.items():
        if path in listed and _digest(body) != listed[path]:
            findings.append(f"{path}: it was changed: its SHA-256 is not the manifest's.")
    for path, digest in (known or {}).items():
        if listed.get(path) != digest:
            findings.append(f"{path}: the store remembers another SHA-256, {digest}.")
    return BundleCheck(run_id, len(files), tuple(findings))


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise _no_bundle()
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _no_bundle() from error


def _no_bundle() -> InputError:
    return InputError(
        "This is no evidence bundle.", hint="Export one with `avma report RUN --evidence FILE.zip`.", code="no_bundle"
    )


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
