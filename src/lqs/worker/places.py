"""The places of a worker: never more slots in flight than it has room for, whoever brings them."""

import threading
from collections.abc import Sized


class Places:
    """Places are taken by what is `held`, or reserved for what is on its way.

    Slots come from the event loop and from the thread of a transport, so whoever wants to bring some reserves their
    places first, and releases them when they are held or did not come. Between the two they count twice, never less.
    """

    def __init__(self, capacity: int, held: Sized) -> None:
        self._capacity = capacity
        self._held = held
        self._reserved = 0
        self._lock = threading.Lock()

    @property
    def capacity(self) -> int:
        """All places."""
        return self._capacity

    @property
    def free(self) -> int:
        """Places that are neither taken nor reserved."""
        with self._lock:
            return self._free

    @property
    def _free(self) -> int:
        return max(0, self._capacity - len(self._held) - self._reserved)

    def reserve(self, most: int) -> int:
        """Reserve up to so many places; returns how many."""
        with self._lock:
            got = min(most, self._free)
            self._reserved += got
            return got

    def release(self, places: int) -> None:
        """Give reserved places back."""
        with self._lock:
            self._reserved -= places
