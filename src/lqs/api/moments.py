"""Points in time that callers send: with an offset, and of years that a database and a calendar can work with."""

from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)
MAX_CHARACTERS = 40
"""Of a time as it is written."""


def read_moment(text: str) -> datetime | None:
    """A written time in UTC; None if it is none, has no offset or is not from `EARLIEST` to `LATEST`."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None and EARLIEST <= moment <= LATEST else None
