"""Opening the store: SQLite in WAL mode by default, PostgreSQL by URL."""

import secrets
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from harness.core.errors import InputError
from harness.store import _tables as t

__all__ = ["open_engine", "salt_of", "write"]


_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(1096174913)"}
"""What makes a process wait until no other one is making the tables; the number spells AVMA."""


def _pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA busy_timeout=10000")  # first: changing the journal's mode waits for others as well
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def open_engine(url: str) -> Engine:
    """Open (and create) the store at ``url``: a path of a SQLite file, or an SQLAlchemy URL.

    Raises:
        InputError: the path cannot be written or the URL is not understood.
    """
    if "://" not in url:
        path = Path(url).expanduser()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"The store's folder cannot be made: {error.strerror}.",
                target=str(path.parent),
                hint="Give another place with --store or AVMA_STORE.",
            ) from error
        url = f"sqlite:///{path}"
    try:
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _pragmas)
        with engine.begin() as connection:
            connection.execute(text(_ALONE.get(engine.dialect.name, "SELECT 1")))
            t.metadata.create_all(connection)
            _add_columns(connection)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise InputError(
            f"The store cannot be opened: {type(error).__name__}.",
            target=url.rpartition("@")[2],
            hint="Give a writable file with --store, or a URL that SQLAlchemy understands.",
        ) from error
    return engine


def _add_columns(connection: Connection) -> None:
    """Columns that a store of an earlier version lacks. All of them are nullable."""
    found = inspect(connection)
    for table in t.metadata.sorted_tables:
        present = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                kind = column.type.compile(connection.dialect)
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))


def write(connection: Connection) -> None:
    """Take the ledger's write lock, so that what is read next in this transaction still holds when it is written.

    Touching one known row locks the file in SQLite and that row in PostgreSQL: intents queue up behind it.
    """
    connection.execute(t.settings.update().where(t.settings.c.name == "salt").values(name="salt"))


def salt_of(engine: Engine) -> str:
    """The store's own salt for key fingerprints, made at first use; never leaves the store."""
    query = select(t.settings.c.value).where(t.settings.c.name == "salt")
    with engine.begin() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is not None:
        return str(found)
    try:
        with engine.begin() as connection:
            connection.execute(t.settings.insert().values(name="salt", value=secrets.token_hex(16)))
    except IntegrityError:
        pass  # another process made it between our look and our write; theirs is the salt
    with engine.begin() as connection:
        return str(connection.execute(query).scalar_one())
