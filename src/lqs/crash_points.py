"""Named places where a process can be told to die or to freeze, so that tests can show that nothing is lost there.

A new place is one line in `CrashPoint` and one call where it lies. `LQS_CRASH_AT` arms one place of a process from its
start, `LQS_CRASH_BY` says how it ends there; unarmed, passing a place costs one comparison.
"""

import asyncio
import os
import signal
import threading
from enum import StrEnum


class CrashPoint(StrEnum):
    """Every place, in the order of a generation request's life. The first word is the process that passes it."""

    SUBMIT_KEYS_TAKEN = "api.submit.keys_taken"
    SUBMIT_STORED = "api.submit.stored"
    SUBMIT_COMMITTING = "api.submit.committing"
    SUBMIT_COMMITTED = "api.submit.committed"
    SUBMIT_ANNOUNCED = "api.submit.announced"
    CANCEL_BOOKED = "api.cancel.booked"
    CANCEL_COMMITTING = "api.cancel.committing"
    CANCEL_COMMITTED = "api.cancel.committed"
    CANCEL_SWEEP_MOVED = "api.cancel_sweep.moved"
    GIVE_UP_MOVED = "api.give_up.moved"
    RETRY_BEGUN = "api.retry.begun"
    RETRY_COMMITTING = "api.retry.committing"
    RETRY_COMMITTED = "api.retry.committed"
    PURGE_DONE = "api.purge.done"
    PURGE_COMMITTING = "api.purge.committing"
    PURGE_COMMITTED = "api.purge.committed"

    WORKER_REGISTERED = "worker.registered"
    WORKER_BEATEN = "worker.beaten"
    CLAIM_BOOKED = "worker.claim.booked"
    CLAIM_COMMITTING = "worker.claim.committing"
    CLAIM_COMMITTED = "worker.claim.committed"
    MODEL_ASKED = "worker.model.asked"
    MODEL_ANSWERED = "worker.model.answered"
    SETTLE_BEGUN = "worker.settle.begun"
    SETTLE_MOVED = "worker.settle.moved"
    SETTLE_BOOKED = "worker.settle.booked"
    SETTLE_COMMITTING = "worker.settle.committing"
    SETTLE_COMMITTED = "worker.settle.committed"
    PROMOTE_MOVED = "worker.promote.moved"
    HOUSEKEEPING_BETWEEN = "worker.housekeeping.between"
    RESCUE_BURIED = "worker.rescue.buried"
    RESCUE_MOVED = "worker.rescue.moved"
    TIME_OUT_MOVED = "worker.time_out.moved"
    EXPIRE_MOVED = "worker.expire.moved"
    BULK_BATCH_DONE = "worker.bulk.batch_done"
    BULK_BATCH_COMMITTING = "worker.bulk.batch_committing"
    HAND_BACK_MOVED = "worker.hand_back.moved"
    HANDED_BACK = "worker.handed_back"

    RELAY_MARKED = "relay.marked"
    RELAY_SENT = "relay.sent"
    NOTICE_CLAIMED = "relay.notice.claimed"


_ARMED = os.environ.get("LQS_CRASH_AT")
_SIGNAL = signal.SIGSTOP if os.environ.get("LQS_CRASH_BY") == "freeze" else signal.SIGKILL
_UNSPENT = threading.Lock()
"""Taken by the first passage and never given back: a process that was frozen and thawed is not frozen again."""


def crash_point(point: CrashPoint) -> None:
    """Pass a place; the process ends, or freezes until SIGCONT, if this place is armed."""
    if point == _ARMED and _UNSPENT.acquire(blocking=False):
        _end(point)


def crash_point_soon(point: CrashPoint) -> None:
    """A place in the middle of the next `await`: what it sends has left, and its answer has not come.

    As the last line of a transaction that is while its COMMIT is under way.
    """
    if point == _ARMED and _UNSPENT.acquire(blocking=False):
        asyncio.get_running_loop().call_soon(_end, point)


def _end(point: CrashPoint) -> None:
    os.write(2, f"crash point {point} passed: {_SIGNAL.name}\n".encode())
    os.kill(os.getpid(), _SIGNAL)
