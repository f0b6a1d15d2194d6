"""What is remembered of a host between runs: which commands it has, so that the next run may skip the probe."""

from sqlalchemy import Engine, select

from harness.store import _tables as t

__all__ = ["CapabilityMemory"]


class CapabilityMemory:
    """Capability documents (JSON texts) by host identity, with the time they were learned."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def recall(self, host: str) -> str | None:
        """The document of that host, or None."""
        query = select(t.capabilities.c.document).where(t.capabilities.c.host == host)
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else str(found)

    def learn(self, host: str, document: str, *, time: str) -> None:
        """Replace what is known of that host."""
        with self._engine.begin() as connection:
            connection.execute(t.capabilities.delete().where(t.capabilities.c.host == host))
            connection.execute(t.capabilities.insert().values(host=host, document=document, learned=time))

    def forget(self, host: str) -> None:
        """Drop what is known of that host."""
        with self._engine.begin() as connection:
            connection.execute(t.capabilities.delete().where(t.capabilities.c.host == host))
