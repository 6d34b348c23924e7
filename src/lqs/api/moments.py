"""Points in time that callers send: with an offset, and of years that a database and a calendar can work with."""

import re
from datetime import UTC, datetime

YEARS = "^(19[7-9][0-9]|2[0-9]{3})-"
"""How a time begins: its year as it is written is from 1970 to 2999."""
MAX_CHARACTERS = 40
"""Of a time as it is written."""


def read_moment(text: str) -> datetime | None:
    """A written time in UTC; None if it is none, has no offset or is not of `YEARS`."""
    if len(text) > MAX_CHARACTERS or not re.match(YEARS, text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
