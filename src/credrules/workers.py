"""Worker: carries out what the outbox holds, until it is told to stop; on PostgreSQL beside any number of others."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from credrules.adapters import SeveralAtOnce
from credrules.issuing import LEASE, Clerk, Health, Issued
from credrules.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credrules.adapters import Issuer
    from credrules.issuing import Done
    from credrules.ledger import Ledger, Outstanding

POLL = 1.0
"""Seconds between looks at a ledger in which nothing is due."""

AT_ONCE = 8
"""Calls to one issuer at the same time, at most, where it says that it can be called so."""


@dataclass(frozen=True)
class Manner:
    """How a worker works: whether it ends when nothing is due any longer, and with which times."""

    once: bool = False
    at_once: int = AT_ONCE
    lease: float = LEASE
    poll: float = POLL
    patience: Patience = field(default_factory=Patience)


class Worker:
    """One lane for each issuer, so that none waits for another. `stop` may be called from a signal's handler."""

    def __init__(
        self,
        ledger: Ledger,
        issuers: Mapping[str, Issuer],
        manner: Manner | None = None,
        on_done: Callable[[Done], object] = lambda done: None,
    ) -> None:
        self._ledger = ledger
        self._issuers = issuers
        self._manner = manner or Manner()
        self._on_done = on_done
        self._counting = threading.Lock()
        self._stop = threading.Event()
        self._failures: list[Exception] = []
        self.counted = Issued()

    def stop(self) -> None:
        """Finish the calls in hand and begin no other."""
        self._stop.set()

    def work(self) -> Issued:
        """Until stopped; with `once`, until nothing is due. Raises LedgerError where the ledger fails."""
        with self._ledger.at_work(), self._ledger.holding(self._manner.lease) as hold:
            clerk = Clerk(self._ledger, hold, self._manner.patience)
            lanes = [
                threading.Thread(target=self._guarded, args=(_Lane(clerk, one, self._manner, self._stop, self._count),))
                for _, one in sorted(self._issuers.items())
            ]
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()
        if self._failures:
            raise self._failures[0]
        return self.counted

    def _guarded(self, lane: _Lane) -> None:
        try:
            lane.run()
        except Exception as error:
            self._failures.append(error)
            self._stop.set()

    def _count(self, done: Done) -> None:
        with self._counting:
            self.counted.count(done.came)
            self._on_done(done)


class _Lane:
    """All that is to be done for one issuer: claimed here, carried out by as many threads as the issuer can stand."""

    def __init__(
        self, clerk: Clerk, issuer: Issuer, manner: Manner, stop: threading.Event, count: Callable[[Done], object]
    ) -> None:
        self._clerk = clerk
        self._ledger = clerk.ledger
        self._issuer = issuer
        self._manner = manner
        self._stop = stop
        self._count = count
        self._threads = min(manner.at_once, issuer.at_once) if isinstance(issuer, SeveralAtOnce) else 1
        self._tasks: queue.Queue[Outstanding | None] = queue.Queue()
        self._room = threading.Semaphore(2 * self._threads)
        self._ailing = threading.Event()  # something is noted against the issuer
        self._resting = threading.Event()
        self._broken: list[Exception] = []

    def run(self) -> None:
        """Raises what made a thread end early."""
        threads = [threading.Thread(target=self._serve) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        try:
            while not self._stop.is_set() and self._step():
                pass
        finally:
            for _ in threads:
                self._tasks.put(None)
            for thread in threads:
                thread.join()
        if self._broken:
            raise self._broken[0]

    def _step(self) -> bool:
        """Claim what there is room for, or wait. False where there is nothing more to do."""
        rest = self._ledger.rest_of(self._issuer.name)
        if rest.failures:
            self._ailing.set()
        if rest.seconds is None:
            self._resting.clear()
            return self._claim(self._threads) > 0 or self._idle(self._manner.poll)
        if rest.seconds > 0:
            return self._idle(rest.seconds)
        self._tasks.join()
        self._resting.clear()
        probed = self._claim(1, self._ledger.trial)
        self._tasks.join()
        return probed > 0 or self._idle(self._manner.poll)

    def _claim(self, most: int, allowed: Callable[[str, float], bool] = lambda issuer, seconds: True) -> int:
        """Hand tasks to the threads, once they have room. How many; none where it turns out not to be `allowed`."""
        room = self._room_for(most)
        tasks = self._ledger.claim(self._clerk.hold, room, issuers=[self._issuer.name]) if room else []
        if tasks and not allowed(self._issuer.name, self._manner.lease):
            for task in tasks:
                self._ledger.put_back(task, self._clerk.hold)
            tasks = []
        for task in tasks:
            self._tasks.put(task)
        for _ in range(room - len(tasks)):
            self._room.release()
        return len(tasks)

    def _room_for(self, most: int) -> int:
        """Wait until there is room for one task, then see for how many more there is."""
        room = 0
        while room < most and self._room.acquire(timeout=self._manner.poll if room == 0 else 0.0):
            room += 1
        return room

    def _idle(self, seconds: float) -> bool:
        """Wait for that long, but not for longer than until the next look; not at all where the work ends with this."""
        if self._manner.once:
            self._tasks.join()
            return False
        self._stop.wait(min(seconds, self._manner.poll))
        return True

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._carry_out(task)
            except Exception as error:
                self._broken.append(error)
                self._stop.set()
            finally:
                self._tasks.task_done()
                self._room.release()

    def _carry_out(self, task: Outstanding) -> None:
        if self._stop.is_set() or self._resting.is_set():
            self._ledger.put_back(task, self._clerk.hold)
            return
        done = self._clerk.carry_out(self._issuer, task)
        self._note(done.health)
        self._count(done)

    def _note(self, health: Health) -> None:
        name = self._issuer.name
        if health is not Health.WELL:
            rest_for = partial(self._manner.patience.rest_for, down=health is Health.DOWN)
            self._ailing.set()
            if self._ledger.failed(name, rest_for).seconds is not None:
                self._resting.set()
        elif self._ailing.is_set():
            self._ailing.clear()
            self._ledger.well(name)
