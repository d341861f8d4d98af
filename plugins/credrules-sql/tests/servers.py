"""Real databases for tests: each is made for one run and dropped after it."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

SERVERS = {
    "postgresql": (
        "CREDRULES_TEST_POSTGRES_URL",
        "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
        "postgresql",
    ),
    "mariadb": ("CREDRULES_TEST_MARIADB_URL", "mariadb+pymysql://root@127.0.0.1:3306/", "mariadb-server"),
}


@contextmanager
def database_on(server: str) -> Iterator[URL]:
    """A new database with a name that nobody else has, on the server that is named in the environment, or runs here."""
    variable, default, package = SERVERS[server]
    url = make_url(os.environ.get(variable, default))
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = f"credrules_test_{secrets.token_hex(6)}"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}{CHARSET.get(server, '')}")
    except OperationalError:
        pytest.skip(f"there is no {server} to be reached: install {package} and start it, or name one in {variable}")
    try:
        yield url.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{' WITH (FORCE)' if server == 'postgresql' else ''}")


CHARSET = {"mariadb": " CHARACTER SET utf8mb4"}
