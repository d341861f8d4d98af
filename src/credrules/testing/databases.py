"""A PostgreSQL server for tests, and databases of their own on it, made in a moment and gone afterwards."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "CREDRULES_TEST_POSTGRES_URL"
USUAL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
MISSING = f"no PostgreSQL: {VARIABLE} names no server to make databases on, and none answers on 127.0.0.1:5432"


@cache
def server() -> str | None:
    """The address of the server that the environment names, or of one on this machine that answers; else None."""
    named = os.environ.get(VARIABLE)
    if named:
        return make_url(named).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    try:
        engine = create_engine(USUAL, connect_args={"connect_timeout": 2})
        engine.connect().close()
        engine.dispose()
    except (SQLAlchemyError, ImportError):
        return None
    return USUAL


@contextmanager
def database(template: str | None = None) -> Iterator[str]:
    """The address of a new database: empty, or a copy of the one that `template` is the address of."""
    address = server()
    if address is None:
        raise RuntimeError(MISSING)
    name = f"credrules_{uuid.uuid4().hex}"
    copied = f" TEMPLATE {make_url(template).database}" if template else ""
    _tell(address, f"CREATE DATABASE {name}{copied}")
    try:
        yield make_url(address).set(database=name).render_as_string(hide_password=False)
    finally:
        _tell(address, f"DROP DATABASE {name} WITH (FORCE)")


def _tell(address: str, statement: str) -> None:
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
