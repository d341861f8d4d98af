"""The pages about student information systems say what is so."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp
from tests.capability_table import PAGE, written

from credrules_sql.profiles import load_profile, profile_names


def test_the_table_of_what_each_source_can_tell_is_that_of_the_code():
    """`python tests/capability_table.py` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == written()


@pytest.mark.parametrize("name", profile_names())
def test_the_rights_that_a_page_asks_for_are_those_that_the_statements_need(name):
    page = PAGE.with_name(f"{name}.md").read_text(encoding="utf-8")
    granted = re.findall(r"GRANT SELECT ON (\w+) TO", page)
    read = {
        table.name
        for query in load_profile(name).queries("postgresql").values()
        for table in sqlglot.parse_one(query.sql, read="postgres").find_all(exp.Table)
    }

    assert granted == sorted(read)
