"""`credrules work`: a worker, which issues whatever is owed. `dead-letters`: what waits for a person's word."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from credrules.errors import LedgerError, Problem, RuleFileError, nearest
from credrules.ledger import Ledger
from credrules.plugins import Plugins
from credrules.wording import number
from credrules.workers import AT_ONCE, Manner, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credrules.adapters import Issuer
    from credrules.cli.screen import Screen
    from credrules.issuing import Done, Issued
    from credrules.ledger import AwardState
    from credrules.settings import Settings

NEEDS_A_PERSON = 1

REPORT = 30.0
"""Seconds between lines about progress, where there is no terminal."""


@click.command()
@click.option("--once", is_flag=True, help="End when nothing is due any longer; else work until stopped.")
@click.option("--issuer", "names", multiple=True, help="Only for this issuer; repeatable.")
@click.option(
    "--at-once", type=click.IntRange(1, 64), default=AT_ONCE, show_default=True, help="Calls to one issuer at a time."
)
@click.pass_obj
def work(screen: Screen, once: bool, names: tuple[str, ...], at_once: int) -> int:
    """Issue whatever is owed, and take back what is to be taken back, until stopped (Ctrl-C, SIGTERM).

    On PostgreSQL any number of workers may be at work, on any number of machines; on SQLite one, and no run beside it.
    Being stopped, it finishes the calls in hand.
    """
    settings = screen.settings()
    issuers = _issuers(settings, names)
    with Ledger.open(settings.ledger, create=False) as ledger, _progress(screen, ledger) as show:
        worker = Worker(ledger, issuers, Manner(once=once, at_once=at_once), show)
        with _stopped_by_signals(worker.stop):
            issued = worker.work()
        letters = ledger.dead_letters()
        waiting = [one for one in ledger.waiting() if one.issuer in issuers]
    screen.document({**_counts(issued), "waiting": waiting, "dead_letters": letters})
    screen.say(_sentence(issued))
    left = sum(one.due + one.held + one.later for one in waiting)
    if left:
        screen.say(f"{number(left, 'award')} still to be done, when due.")
    if letters:
        screen.say(f"{number(len(letters), 'dead letter')}: `credrules dead-letters` says why, and what to do.")
    return NEEDS_A_PERSON if letters else 0


def _issuers(settings: Settings, names: Sequence[str]) -> dict[str, Issuer]:
    """The issuers of the settings, or those that are named. Raises RuleFileError, SettingsError or PluginError."""
    known = [section.name for section in settings.issuers]
    problems = [
        Problem("--issuer", 0, f"'{name}' is no issuer. There are: {', '.join(known) or 'none'}.{nearest(name, known)}")
        for name in names
        if name not in known
    ]
    if problems:
        raise RuleFileError(problems)
    plugins = Plugins()
    return {one.name: plugins.issuer(one) for one in settings.issuers if not names or one.name in names}


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C stop the work, and put back what they did before."""
    before = {one: signal.signal(one, lambda *_: stop()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _progress(screen: Screen, ledger: Ledger) -> Iterator[Callable[[Done], object]]:
    """A bar on a terminal; elsewhere a line on standard error from time to time."""
    waiting = sum(one.due + one.later for one in ledger.waiting())
    done, said = 0, time.monotonic()
    with screen.progress() as bar:
        task = bar.add_task("Issuing", total=waiting or None)

        def show(_: Done) -> None:
            nonlocal done, said
            done += 1
            bar.advance(task)
            if bar.disable and time.monotonic() - said > REPORT:
                said = time.monotonic()
                screen.remark(f"{number(done, 'award')} taken up so far.")

        yield show


def _counts(issued: Issued) -> dict[str, int]:
    return {name: getattr(issued, name) for name in issued.__slots__ if name != "unconfigured"}


def _sentence(issued: Issued) -> str:
    words = {"adopted": "found to have been issued before", "in_doubt": "in doubt"}
    parts = [f"{count} {words.get(name, name)}" for name, count in _counts(issued).items() if count]
    return f"Awards: {', '.join(parts)}." if parts else "Nothing was due."


@click.command("dead-letters")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--issuer", help="Only of this issuer.")
@click.option("--retry", is_flag=True, help="Try them again.")
@click.option("--drop", metavar="WHY", help="Give them up, for this reason.")
@click.option("--by", help="Who says so; with --retry and --drop.")
@click.pass_obj
def dead_letters(
    screen: Screen, keys: tuple[str, ...], issuer: str | None, retry: bool, drop: str | None, by: str | None
) -> int:
    """List what an issuer refused, with the reason; try it again, or give it up.

    Without a KEY it is all of them, or those of one --issuer.
    """
    if retry and drop:
        raise click.UsageError("Either --retry or --drop: what should become of them?")
    if (retry or drop) and not by:
        raise click.UsageError("--by NAME is missing: who says so?")
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        letters = _chosen(ledger.dead_letters(), keys, issuer)
        for one in letters:
            if retry:
                ledger.retry(one.key, by or "")
            elif drop:
                ledger.drop(one.key, by or "", drop)
    _show_letters(screen, letters, "retried" if retry else "dropped" if drop else None)
    return NEEDS_A_PERSON if letters and not (retry or drop) else 0


def _chosen(letters: Sequence[AwardState], keys: Sequence[str], issuer: str | None) -> list[AwardState]:
    known = {one.key for one in letters}
    strangers = [key for key in keys if key not in known]
    if strangers:
        raise LedgerError(f"No dead letter: {', '.join(strangers)}. `credrules dead-letters` lists those that are.")
    return [one for one in letters if (not keys or one.key in keys) and issuer in (None, one.issuer)]


def _show_letters(screen: Screen, letters: Sequence[AwardState], became: str | None) -> None:
    screen.document({"dead_letters": letters, "became": became})
    if became:
        screen.say(f"{number(len(letters), 'award')} {became}.")
        return
    screen.table(["award", "issuer", "state", "why"], [[one.key, one.issuer, one.state, one.detail] for one in letters])
    screen.say(f"{number(len(letters), 'dead letter')}.")
    if letters:
        screen.say("Mend the cause, then `credrules dead-letters --retry --by NAME`, or give up: `--drop WHY`.")
