"""Generation requests that cannot be claimed, because somebody damaged their rows."""

import time
from collections.abc import Collection
from uuid import UUID

_FORGOTTEN_AFTER_SECONDS = 60.0
_MOST = 1000


class Broken:
    """Remembers them for a minute: passing them over costs nothing, finding each anew costs a dozen claims.

    Afterwards they are tried again, for they may have been mended. Of very many the oldest are forgotten first.
    """

    def __init__(self) -> None:
        self._found: dict[UUID, float] = {}

    def add(self, request_id: UUID) -> None:
        """Pass this one over from now on."""
        self._found[request_id] = time.monotonic()
        if len(self._found) > _MOST:
            del self._found[next(iter(self._found))]

    def ids(self) -> Collection[UUID]:
        """Those to pass over now."""
        if self._found:
            now = time.monotonic()
            self._found = {id_: at for id_, at in self._found.items() if now - at < _FORGOTTEN_AFTER_SECONDS}
        return self._found.keys()
