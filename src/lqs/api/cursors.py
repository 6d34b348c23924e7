"""Cursors of lists: where a page ended, in a form that nobody needs to read.

They are not signed: what they say is a place in a list, and whose list it is stands in the statement.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from lqs.api.moments import read_moment
from lqs.api.schemas.bounds import MAX_CURSOR_CHARACTERS
from lqs.domain.errors import CursorMismatch

Place = tuple[datetime, UUID]
"""The time and the id that a list is sorted by."""


def write_cursor(place: Place, filters: Mapping[str, object]) -> str:
    """A cursor behind this place in the list with these filters."""
    text = json.dumps([place[0].isoformat(), str(place[1]), _mark(filters)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, filters: Mapping[str, object]) -> Place:
    """The place of a cursor. Raises `CursorMismatch` if it is none, or one of a list with other filters."""
    try:
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise ValueError
        when, text, mark = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment, id_ = read_moment(when), UUID(text)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise CursorMismatch("This is no cursor. Take `next_cursor` from the page before as it stands.") from None
    if moment is None or mark != _mark(filters):
        raise CursorMismatch("This cursor was made with other filters. Begin again without it.")
    return moment, id_


def _mark(filters: Mapping[str, object]) -> str:
    told = json.dumps({name: str(value) for name, value in filters.items() if value is not None}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
