"""The raw answers behind a run's verdicts: one document for each host and guest, compressed, with its hash."""

import hashlib
import zlib
from collections.abc import Mapping

from sqlalchemy import Column, Engine, ForeignKey, Integer, LargeBinary, String, Table, Text, select

from harness.store._tables import metadata

__all__ = ["Evidence", "digest"]

evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(40), ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
)


def digest(document: bytes) -> str:
    """The SHA-256 of a document, 64 hexadecimal digits."""
    return hashlib.sha256(document).hexdigest()


class Evidence:
    """Documents by run and path. They come here free of secrets."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, run_id: str, documents: Mapping[str, bytes]) -> None:
        """Add a run's documents."""
        rows = [
            {"run_id": run_id, "path": path, "sha256": digest(body), "body": zlib.compress(body)}
            for path, body in documents.items()
        ]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(evidence.insert(), rows)

    def read(self, run_id: str) -> dict[str, bytes]:
        """A run's documents by path, in the order in which they were kept; empty where it left none."""
        query = select(evidence.c.path, evidence.c.body).where(evidence.c.run_id == run_id).order_by(evidence.c.id)
        with self._engine.connect() as connection:
            return {str(path): zlib.decompress(body) for path, body in connection.execute(query)}

    def hashes(self, run_id: str) -> dict[str, str]:
        """The SHA-256 of each of a run's documents, as they were when they were kept."""
        query = select(evidence.c.path, evidence.c.sha256).where(evidence.c.run_id == run_id).order_by(evidence.c.id)
        with self._engine.connect() as connection:
            return {str(path): str(found) for path, found in connection.execute(query)}
