"""What every profile promises, whatever the system: its SELECTs are read by each database that the system runs on."""

from __future__ import annotations

import pytest
import sqlglot
from click.testing import CliRunner
from sqlalchemy.dialects import mssql, oracle
from sqlglot import exp

from credrules import Section
from credrules.errors import SettingsError
from credrules_sql import SqlSettings, records_from
from credrules_sql.__main__ import show
from credrules_sql.paging import Source, Span
from credrules_sql.profiles import load_profile, profile_names

DIALECTS = {"oracle": "oracle", "mssql": "tsql", "postgresql": "postgres", "sqlite": "sqlite"}
SYSTEMS = {
    "peoplesoft": ["oracle", "mssql", "postgresql", "sqlite"],
    "banner": ["oracle", "mssql", "postgresql", "sqlite"],
    "rosariosis": ["postgresql", "sqlite"],
}
STATEMENTS = [
    pytest.param(name, backend, entity, id=f"{name}-{backend}-{entity}")
    for name, backends in SYSTEMS.items()
    for backend in backends
    for entity in load_profile(name).queries(backend)
]


def parsed(name, backend, entity):
    query = load_profile(name).queries(backend)[entity]
    return sqlglot.parse_one(query.sql, read=DIALECTS[backend], error_level=sqlglot.ErrorLevel.RAISE)


def test_every_profile_is_one_of_these():
    assert set(profile_names()) == set(SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_settings_of_a_profile_are_settings(name):
    SqlSettings.model_validate({"url": "sqlite:///x.db", "profile": name, **load_profile(name).settings})


@pytest.mark.parametrize(("name", "backend", "entity"), STATEMENTS)
def test_every_statement_is_one_select_in_the_words_of_its_database(name, backend, entity):
    """Read by the grammar of that dialect; no LIMIT, no WITH within a subquery, no name of one database's own."""
    tree = parsed(name, backend, entity)

    assert isinstance(tree, exp.Select | exp.Union)
    assert not list(tree.find_all(exp.Limit, exp.With, exp.DPipe, exp.Command, exp.Insert, exp.Update, exp.Delete))
    days = {"oracle": {"TRUNC"}, "mssql": {"DATEADD"}, "sqlite": {"DATE"}}.get(backend, set())
    assert {f.name.upper() for f in tree.find_all(exp.Anonymous)} <= days


@pytest.mark.parametrize(("name", "backend", "entity"), STATEMENTS)
def test_concat_takes_two_as_oracle_wants_it(name, backend, entity):
    assert all(len(call.expressions) == 2 for call in parsed(name, backend, entity).find_all(exp.Concat))


@pytest.mark.parametrize(("name", "backend", "entity"), STATEMENTS)
def test_an_alias_that_oracle_keeps_for_itself_is_quoted(name, backend, entity):
    for column in parsed(name, backend, entity).selects:
        if isinstance(column, exp.Alias) and column.alias in ("level", "from", "on"):
            assert column.args["alias"].quoted


@pytest.mark.parametrize("dialect", [oracle.dialect(), mssql.dialect()], ids=["oracle", "mssql"])
@pytest.mark.parametrize("name", ["peoplesoft", "banner"])
@pytest.mark.parametrize("binary", [True, False])
def test_a_page_of_it_compiles_for_the_vendors_databases(dialect, name, binary):
    for query in load_profile(name).queries(dialect.name).values():
        if not query.layout.of_a_learner:
            continue
        parameters = dict.fromkeys(query.parameters, "x")
        source = Source(query, ("learner_id", *sorted(query.layout.needed - {"learner_id"})), parameters, binary=binary)
        page = source.page(dialect, 100, Span(after="1", upto="9"))
        text = str(page.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

        sqlglot.parse_one(text, read=DIALECTS[dialect.name], error_level=sqlglot.ErrorLevel.RAISE)


def test_a_profile_is_shown_as_it_is_sent():
    shown = CliRunner().invoke(show, ["peoplesoft", "mssql"], catch_exceptions=False).output

    assert "-- entity: attempts" in shown
    assert "DATEADD(day, -1, r.next_effdt)" in shown
    assert "DAY_" not in shown


def settings(**values):
    return Section("records", "sql", {"url": "sqlite:///x.db", **values}).read(SqlSettings)


def test_what_credrules_toml_says_stands_above_the_profile_and_the_rest_of_it_stays():
    own = settings(
        profile="peoplesoft", order="binary", emails=["CAMP"], values={"level": {"LAW": "law"}, "grade": {"x": "A"}}
    ).with_profile()

    assert (own.order, own.emails) == ("binary", ("CAMP",))
    assert own.values["level"] == {"UGRD": "undergraduate", "GRAD": "graduate", "LAW": "law"}
    assert own.values["grade"] == {"x": "A"}
    assert own.values["attempts.basis"]["GRD"] == "graded"


def test_a_select_of_the_institutions_own_replaces_the_profiles_and_an_entity_can_be_left_out(tmp_path):
    (tmp_path / "own.sql").write_text("-- entity: holds\nSELECT 1 AS learner_id, 2 AS code, 3 AS blocks\n")
    own = settings(profile="peoplesoft", queries=str(tmp_path / "own.sql"), without=["admissions", "emails"])

    queries = records_from(own, tmp_path)._queries

    assert queries["holds"].where == "own.sql"
    assert "attempts" in queries
    assert not {"admissions", "emails"} & set(queries)


def test_neither_profile_nor_queries_is_said(tmp_path):
    with pytest.raises(SettingsError, match="name a `profile`, or a file of `queries`"):
        records_from(settings(), tmp_path)


def test_a_profile_that_is_not_there_is_said_with_those_that_are():
    with pytest.raises(SettingsError, match=r"Possible: banner, peoplesoft, rosariosis\. Did you mean 'peoplesoft'"):
        settings(profile="peoplsoft")
    with pytest.raises(SettingsError, match="there is no entity 'hold'"):
        settings(profile="peoplesoft", without=["hold"])
