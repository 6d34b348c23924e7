"""A bulk operation as the API tells it, and the preview of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import boolean, moment, object_at, text, texts, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """One wish for many generation requests, and how far it has come: `matched` are `changed` and `skipped` so far.

    Skipped is what was found, but by then in no state that allows it, or with nothing to do.
    """

    bulk_id: str
    action: str
    scope: str
    filter: Mapping[str, Any]
    status: str
    done: bool
    matched: int
    changed: int
    skipped: int
    requested_at: datetime | None
    completed_at: datetime | None
    poll_after_ms: int | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPreview:
    """What a bulk operation would change now: how many, and the ids of some."""

    action: str
    scope: str
    filter: Mapping[str, Any]
    matched: int
    sample_request_ids: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def parse_bulk_operation(body: Mapping[str, Any]) -> BulkOperation:
    """Read a bulk operation. Raises `UnexpectedAnswer` if the body is none."""
    bulk_id, done = text(body, "bulk_id"), boolean(body, "done")
    if bulk_id is None or done is None:
        raise UnexpectedAnswer("the answer is no bulk operation: bulk_id or done is missing")
    return BulkOperation(
        bulk_id=bulk_id,
        action=text(body, "action") or "",
        scope=text(body, "scope") or "",
        filter=object_at(body, "filter"),
        status=text(body, "status") or "",
        done=done,
        matched=whole(body, "matched") or 0,
        changed=whole(body, "changed") or 0,
        skipped=whole(body, "skipped") or 0,
        requested_at=moment(body, "requested_at"),
        completed_at=moment(body, "completed_at"),
        poll_after_ms=whole(body, "poll_after_ms"),
        raw=body,
    )


def parse_bulk_preview(body: Mapping[str, Any]) -> BulkPreview:
    """Read a preview. Raises `UnexpectedAnswer` if the body is none."""
    matched = whole(body, "matched")
    if matched is None:
        raise UnexpectedAnswer("the answer is no preview of a bulk operation: matched is missing")
    return BulkPreview(
        action=text(body, "action") or "",
        scope=text(body, "scope") or "",
        filter=object_at(body, "filter"),
        matched=matched,
        sample_request_ids=texts(body, "sample_request_ids"),
        raw=body,
    )
