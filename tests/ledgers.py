"""Ledgers for tests: in a file, and on a PostgreSQL server where there is one; each is a copy of one made before."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from credrules.ledger import Ledger
from credrules.testing import databases

KINDS = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.skipif(databases.server() is None, reason=databases.MISSING)),
)


@contextmanager
def empty(kind, folder):
    """The address of a database in which nothing is."""
    if kind == "sqlite":
        yield f"sqlite:///{Path(folder) / 'ledger.db'}"
    else:
        with databases.database() as url:
            yield url


@contextmanager
def copied(kind, folder, made):
    """The address of a new ledger of its own; `made` is that of an empty one, to which nobody is connected."""
    if kind == "sqlite":
        path = Path(folder) / "ledger.db"
        shutil.copyfile(made.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"
    else:
        with databases.database(template=made) as url:
            yield url


@contextmanager
def template(kind, folder):
    """An empty ledger to copy."""
    with empty(kind, folder) as url:
        Ledger.open(url).close()
        yield url
