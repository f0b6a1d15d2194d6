"""What hosts told of activations over time: events are only ever added, each once; guests and hosts as seen last."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Engine, Integer, String, Table, Text, UniqueConstraint, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from harness.core.usage import GuestSeen, HostSeen, Observation
from harness.store._tables import metadata

__all__ = ["Observations"]

activations = Table(
    "activations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("host", Text, nullable=False, index=True),
    Column("record_id", BigInteger, nullable=False),
    Column("time", String(40), nullable=False, index=True),
    Column("hresult", BigInteger),
    Column("payload", Text, nullable=False),
    Column("guids", Text, nullable=False),
    Column("names", Text, nullable=False),
    UniqueConstraint("host", "record_id", "time", name="each_event_once"),
)
"""``host`` is the computer that logged the event; a log that was cleared may count its records from the start again,
so the time is part of what tells two events apart."""

guests_seen = Table(
    "guests_seen",
    metadata,
    Column("vm_id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("fqdn", Text),
    Column("system", Text),
    Column("state", String(20), nullable=False),
    Column("tags", Text, nullable=False),
    Column("first_seen", String(40), nullable=False),
    Column("last_seen", String(40), nullable=False),
    Column("gone", String(40)),
)

hosts_seen = Table(
    "hosts_seen",
    metadata,
    Column("host", Text, primary_key=True),
    Column("computer", Text, nullable=False),
    Column("looked", String(40), nullable=False),
    Column("ok", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("gap", Text),
)


class Observations:
    """Activation events, guests and hosts, as far as they were ever observed."""

    def __init__(self, engine: Engine, redact: Callable[[str], str] = str) -> None:
        self._engine = engine
        self._redact = redact

    def add(self, observations: Iterable[Observation]) -> int:
        """Add events; those known already are left out. Returns how many were new."""
        rows = [self._row(event) for event in observations]
        if not rows:
            return 0
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(activations).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            before = connection.execute(select(func.count()).select_from(activations)).scalar_one()
            connection.execute(insert, rows)
            return int(connection.execute(select(func.count()).select_from(activations)).scalar_one()) - int(before)

    def newest(self, host: str) -> Observation | None:
        """The newest event known of that computer."""
        query = select(activations).where(activations.c.host == host).order_by(activations.c.time.desc()).limit(1)
        with self._engine.connect() as connection:
            found = connection.execute(query).mappings().first()
        return None if found is None else _observation(found)

    def events(self) -> tuple[Observation, ...]:
        """All events, oldest first."""
        query = select(activations).order_by(activations.c.time, activations.c.id)
        with self._engine.connect() as connection:
            return tuple(_observation(row) for row in connection.execute(query).mappings())

    def guests(self) -> tuple[GuestSeen, ...]:
        """Every VM that a host ever listed, as it was seen last."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(guests_seen).order_by(guests_seen.c.vm_id)).mappings()
            return tuple(_guest(row) for row in rows)

    def hosts(self) -> tuple[HostSeen, ...]:
        """How each host was looked at last."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(hosts_seen).order_by(hosts_seen.c.host)).mappings()
            return tuple(_host(row) for row in rows)

    def saw(self, guests: Sequence[GuestSeen], hosts: Sequence[HostSeen]) -> None:
        """Replace what was known of these guests and hosts."""
        with self._engine.begin() as connection:
            for guest in guests:
                connection.execute(guests_seen.delete().where(guests_seen.c.vm_id == guest.vm_id))
                connection.execute(guests_seen.insert().values(self._guest_row(guest)))
            for host in hosts:
                connection.execute(hosts_seen.delete().where(hosts_seen.c.host == host.host))
                connection.execute(
                    hosts_seen.insert().values(
                        host=host.host,
                        computer=host.computer,
                        looked=_text(host.looked),
                        ok=int(host.ok),
                        message=self._redact(host.message),
                        gap=host.gap,
                    )
                )

    def _row(self, event: Observation) -> dict[str, object]:
        return {
            "host": event.host,
            "record_id": event.record_id,
            "time": _text(event.time),
            "hresult": event.hresult,
            "payload": self._redact(event.payload),
            "guids": json.dumps(list(event.guids)),
            "names": json.dumps([self._redact(name) for name in event.names]),
        }

    def _guest_row(self, guest: GuestSeen) -> dict[str, object]:
        return {
            "vm_id": guest.vm_id,
            "name": self._redact(guest.name),
            "host": guest.host,
            "fqdn": self._redact(guest.fqdn) if guest.fqdn else None,
            "system": self._redact(guest.system) if guest.system else None,
            "state": guest.state,
            "tags": json.dumps(list(guest.tags)),
            "first_seen": _text(guest.first_seen),
            "last_seen": _text(guest.last_seen),
            "gone": _text(guest.gone) if guest.gone else None,
        }


def _text(moment: datetime) -> str:
    """One form for all, so that texts sort as times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def _observation(row: RowMapping) -> Observation:
    return Observation(
        host=row["host"],
        record_id=row["record_id"],
        time=datetime.fromisoformat(row["time"]),
        hresult=row["hresult"],
        payload=row["payload"],
        guids=tuple(json.loads(row["guids"])),
        names=tuple(json.loads(row["names"])),
    )


def _guest(row: RowMapping) -> GuestSeen:
    return GuestSeen(
        vm_id=row["vm_id"],
        name=row["name"],
        host=row["host"],
        fqdn=row["fqdn"],
        system=row["system"],
        state=row["state"],
        tags=tuple(json.loads(row["tags"])),
        first_seen=datetime.fromisoformat(row["first_seen"]),
        last_seen=datetime.fromisoformat(row["last_seen"]),
        gone=datetime.fromisoformat(row["gone"]) if row["gone"] else None,
    )


def _host(row: RowMapping) -> HostSeen:
    looked = datetime.fromisoformat(row["looked"])
    return HostSeen(row["host"], row["computer"], looked, bool(row["ok"]), row["message"], row["gap"])
