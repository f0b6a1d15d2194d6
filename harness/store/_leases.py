"""Leases: which job works with which host now. Time-limited, so that a job that died holds nothing for long.

A lease is on a resource, which is a text by which every job knows the same machine. Whoever comes first has it until he
gives it back or it expires; taking several is all or nothing, so that two jobs never wait for each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from harness.store import _tables as t
from harness.store._database import write

__all__ = ["Holder", "Lease", "Leases"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds leases: ``id`` is the run's or the job's, ``who`` the person and process, ``purpose`` what for."""

    id: str
    who: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Lease:
    """One resource in somebody's hands. ``host`` is the inventory's name; times are ISO 8601 UTC texts."""

    resource: str
    host: str
    holder: str
    who: str
    purpose: str
    taken: str
    expires: str


class Leases:
    """The store's leases; safe between processes, since the database decides who came first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, resources: Mapping[str, str], holder: Holder, *, time: str, expires: str) -> tuple[Lease, ...]:
        """Take all of ``resources`` (to host names), those included that ``holder`` has already; or none.

        Returns:
            the leases in the way, which others hold and which have not expired at ``time``; empty when all were taken.
        """
        mine = t.leases.c.resource.in_(resources)
        with self._engine.begin() as connection:
            write(connection)
            found = [Lease(**row) for row in connection.execute(select(t.leases).where(mine)).mappings()]
            others = tuple(lease for lease in found if lease.holder != holder.id and lease.expires > time)
            if others or not resources:
                return others
            since = {lease.resource: lease.taken for lease in found if lease.holder == holder.id}
            connection.execute(t.leases.delete().where(mine))
            rows = [
                Lease(resource, host, holder.id, holder.who, holder.purpose, since.get(resource, time), expires)
                for resource, host in resources.items()
            ]
            connection.execute(t.leases.insert(), [_row(lease) for lease in rows])
        return ()

    def renew(self, holder: str, resources: Iterable[str], *, expires: str) -> bool:
        """Hold on until ``expires``.

        Returns:
            whether all of ``resources`` were still that holder's, expired or not: nobody had taken any of them.
        """
        wanted = tuple(resources)
        mine = t.leases.c.resource.in_(wanted), t.leases.c.holder == holder
        with self._engine.begin() as connection:
            return connection.execute(t.leases.update().where(*mine).values(expires=expires)).rowcount == len(wanted)

    def lasts(self, holder: str, resources: Iterable[str], *, until: str) -> bool:
        """Whether all of ``resources`` are that holder's, and at least until ``until``."""
        wanted = tuple(resources)
        mine = t.leases.c.resource.in_(wanted), t.leases.c.holder == holder, t.leases.c.expires >= until
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).where(*mine)).scalar_one() == len(wanted)

    def release(self, holder: str) -> None:
        """Give back everything that holder has."""
        with self._engine.begin() as connection:
            connection.execute(t.leases.delete().where(t.leases.c.holder == holder))

    def list(self) -> tuple[Lease, ...]:
        """All leases by host, those included that have expired and that nobody has taken since."""
        query = select(t.leases).order_by(t.leases.c.host, t.leases.c.resource)
        with self._engine.connect() as connection:
            return tuple(Lease(**row) for row in connection.execute(query).mappings())

    def clear(self, leases: Iterable[Lease]) -> None:
        """Take leases from their holders. A holder that still lives sends nothing more that changes state."""
        with self._engine.begin() as connection:
            for lease in leases:
                connection.execute(
                    t.leases.delete().where(t.leases.c.resource == lease.resource, t.leases.c.holder == lease.holder)
                )


def _row(lease: Lease) -> dict[str, str]:
    return {name: getattr(lease, name) for name in Lease.__slots__}
