"""The desk: all answers that a server writes, a bounded number at once, and fairly shared between those who ask."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime
from statistics import median
from threading import Lock, Thread

from app.web.ask.writing import Place, Writing
from kb.errors import UserError

WAITING = 100
"""Questions that wait at most, of everybody together."""
OF_ONE = 3
"""Questions of one owner that are written or wait at once."""
REMEMBERED = 60
"""Finished answers of which the passages and the trace are kept in memory, the latest ones: about 0.3 MB each."""
TIMED = 50
"""Answers of a kind from which it is told how long one takes."""


class Desk:
    """Answers are written in lanes, so many at once in each: those of models wait for models only.

    Of those that wait, one of the owner with the fewest at work comes next, in turn.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._latest: OrderedDict[Place, Writing] = OrderedDict()
        self._finished: OrderedDict[tuple[Place, datetime], Writing] = OrderedDict()
        self._seconds: dict[str, deque[float]] = {}
        self._lock = Lock()

    def begin(self, writing: Writing, lane: str, *, slots: int) -> None:
        """Writes it as soon as its turn comes in the `lane`, which has so many `slots` from now on.

        Raises UserError where too much is asked at once.
        """
        with self._lock:
            self._lanes.setdefault(lane, _Lane()).slots = slots
            before = self._latest.get(writing.place)
            if before and not before.is_done:
                raise UserError("The answer before this one is still being written; wait for its end, or stop it.")
            at_work = [one for one in self._latest.values() if not one.is_done]
            if sum(one.place.owner == writing.place.owner for one in at_work) >= OF_ONE:
                raise UserError(f"{OF_ONE} of your questions are being answered; wait for one of them, or stop it.")
            if len(at_work) >= WAITING:
                raise UserError("Too many questions wait to be answered at the moment; ask again in a minute.")
            if before:
                self._remember(before)
            self._latest[writing.place] = writing
            self._latest.move_to_end(writing.place)
            self._trim()
        self._start(self._lanes[lane].entered(writing), lane)

    def latest(self, place: Place) -> Writing | None:
        """The answer that is written there, or was the last one."""
        return self._latest.get(place)

    def asked_at(self, place: Place, asked: datetime) -> Writing | None:
        """The one that was asked at that moment, while it is remembered."""
        latest = self._latest.get(place)
        return latest if latest and latest.asked == asked else self._finished.get((place, asked))

    def ahead_of(self, writing: Writing) -> int:
        """How many come before it; 0 for one that is being written."""
        return max((lane.ahead_of(writing) for lane in list(self._lanes.values())), default=0)

    def stop(self, writing: Writing) -> None:
        """One that waits is given up at once; of one that is written, what there is stays."""
        writing.stop()
        if any(lane.withdrawn(writing) for lane in list(self._lanes.values())):
            writing.run()

    def forget(self, place: Place) -> None:
        """Of a conversation that is deleted nothing is remembered; what is still written there is stopped."""
        with self._lock:
            writing = self._latest.pop(place, None)
            for key in [key for key in self._finished if key[0] == place]:
                del self._finished[key]
        if writing:
            self.stop(writing)

    def usual_seconds(self, kind: str) -> float | None:
        """The median of the last answers of a kind (of "mode hybrid", say); None where there were none."""
        with self._lock:
            seconds = self._seconds.get(kind)
            return median(seconds) if seconds else None

    def close(self, wait: float) -> None:
        """Stops all, and waits so many seconds for each to keep what it has."""
        at_work = [writing for writing in list(self._latest.values()) if not writing.is_done]
        for writing in at_work:
            self.stop(writing)
        for writing in at_work:
            writing.wait(wait)

    def _start(self, writings: list[Writing], lane: str) -> None:
        for writing in writings:
            Thread(target=self._run, args=(writing, lane), daemon=True, name="writing").start()

    def _run(self, writing: Writing, lane: str) -> None:
        try:
            writing.run()
        finally:
            self._start(self._lanes[lane].left(writing), lane)
            with self._lock:
                self._note(writing)

    def _remember(self, writing: Writing) -> None:
        if writing.asked:
            self._finished[writing.place, writing.asked] = writing
            while len(self._finished) > REMEMBERED:
                self._finished.popitem(last=False)

    def _note(self, writing: Writing) -> None:
        if self._latest.get(writing.place) is writing:
            self._remember(writing)
        answer = writing.answer
        if answer and answer.timings and not answer.remembered:
            for kind in writing.kinds:
                seconds = answer.timings["retrieval"] if kind.startswith("mode ") else sum(answer.timings.values())
                self._seconds.setdefault(kind, deque(maxlen=TIMED)).append(seconds)

    def _trim(self) -> None:
        """Forgets the places whose answer was finished longest ago."""
        done = [place for place, writing in self._latest.items() if writing.is_done]
        for place in done[: max(0, len(self._latest) - REMEMBERED - WAITING)]:
            del self._latest[place]


class _Lane:
    """Who works in one of its `slots` and who waits; `entered` and `left` give those whose turn has come."""

    def __init__(self) -> None:
        self.slots = 1
        self._at_work: list[Writing] = []
        self._waiting: dict[str, deque[Writing]] = {}
        self._called: list[str] = []
        """Owners in the order in which they were called last."""
        self._lock = Lock()

    def entered(self, writing: Writing) -> list[Writing]:
        with self._lock:
            self._waiting.setdefault(writing.place.owner, deque()).append(writing)
            return self._next_ones()

    def left(self, writing: Writing) -> list[Writing]:
        with self._lock:
            self._at_work.remove(writing)
            return self._next_ones()

    def withdrawn(self, writing: Writing) -> bool:
        """Whether it waited, and does not any more."""
        with self._lock:
            queue = self._waiting.get(writing.place.owner, deque())
            if writing not in queue:
                return False
            queue.remove(writing)
            if not queue:
                del self._waiting[writing.place.owner]
            return True

    def ahead_of(self, writing: Writing) -> int:
        with self._lock:
            waiting = {owner: deque(queue) for owner, queue in self._waiting.items()}
            if writing not in waiting.get(writing.place.owner, ()):
                return 0
            at_work, owners, count = list(self._at_work), list(self._called), 1
            while (called := _next(waiting, at_work, owners)) is not writing:
                at_work.append(called)
                count += 1
            return count

    def _next_ones(self) -> list[Writing]:
        called = []
        while self._waiting and len(self._at_work) < self.slots:
            called.append(_next(self._waiting, self._at_work, self._called))
            self._at_work.append(called[-1])
        if not self._waiting:
            self._called = [one.place.owner for one in self._at_work]
        return called


def _next(waiting: dict[str, deque[Writing]], at_work: list[Writing], called: list[str]) -> Writing:
    """Takes the next out of `waiting`, and moves its owner to the end of those who were `called`."""
    busy = [writing.place.owner for writing in at_work]

    def turn(owner: str) -> tuple[int, int]:
        return busy.count(owner), called.index(owner) if owner in called else -1

    owner = min(waiting, key=turn)
    if owner in called:
        called.remove(owner)
    called.append(owner)
    writing = waiting[owner].popleft()
    if not waiting[owner]:
        del waiting[owner]
    return writing
