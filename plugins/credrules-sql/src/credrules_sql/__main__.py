"""`python -m credrules_sql peoplesoft oracle`: the SELECTs of a profile, for whoever grants the rights to run them."""

from __future__ import annotations

import click

from credrules_sql.profiles import load_profile, profile_names


@click.command()
@click.argument("profile", type=click.Choice(profile_names()))
@click.argument("database", type=click.Choice(["oracle", "mssql", "postgresql", "sqlite"]))
def show(profile: str, database: str) -> None:
    """The SELECTs of PROFILE as they are sent to DATABASE. A file of them can be changed, and named in `queries`."""
    click.echo(load_profile(profile).text(database), nl=False)


if __name__ == "__main__":
    show()
