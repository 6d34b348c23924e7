"""The examples of the OpenAPI document; a test holds each against its schema."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]

_ID = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"
_OWNER = "0199f2c0-11aa-7b1c-8d2e-3f4a5b6c7d8e"
_ASKED, _STARTED, _ENDED = "2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z", "2026-01-31T12:00:20Z"
_DEADLINE, _EXPIRES = "2026-01-31T12:09:30Z", "2026-02-07T12:00:20Z"
_ADDRESS = f"/generation-requests/{_ID}"
_LINKS: Json = {
    "self": _ADDRESS,
    "entities": f"/problems?generation_request_id={_ID}",
    "cancel": f"{_ADDRESS}/cancel",
    "retry": None,
}


def _example(name: str, summary: str, value: Json) -> Json:
    return {name: {"summary": summary, "value": value}}


_SUMMARY: Json = {
    "request_id": _ID,
    "owner_id": _OWNER,
    "entity_type": "problem",
    "status": "processing",
    "done": False,
    "end_reason": None,
    "run": 1,
    "version": 4,
    "requested_at": _ASKED,
    "started_at": _STARTED,
    "completed_at": None,
    "deadline_at": _DEADLINE,
    "start_deadline_at": None,
    "last_progress_at": "2026-01-31T12:00:09Z",
    "expires_at": None,
    "pinned": False,
    "priority": "normal",
    "slot_timeout_seconds": 90.0,
    "origin": None,
    "cancel": None,
    "requested_count": 5,
    "generated_count": 2,
    "failed_count": 1,
    "counts": {"pending": 1, "processing": 1, "retrying": 0, "generated": 2, "failed": 1, "cancelled": 0},
    "error_summary": [{"code": "output_invalid", "count": 1, "sample_index": 2}],
    "error_message": None,
    "usage": {"input_tokens": 2140, "output_tokens": 5230, "model_calls": 7},
    "cost": {
        "currency": "USD",
        "total_microusd": 81_200,
        "wasted_microusd": 19_400,
        "estimated": False,
        "max_microusd": None,
    },
    "constraints": {"tenses": ["passe_compose"]},
    "metadata": {"lesson": "A1-7"},
    "poll_after_ms": 4000,
    "links": _LINKS,
}

_BODIES: Mapping[str, Json] = MappingProxyType(
    {
        "generate": _example("five", "Five, with words of your own", {"count": 5, "metadata": {"lesson": "A1-7"}})
        | _example("bounded", "At most so long, and at most for so much", {"count": 10, "timeout_seconds": 300}),
        "cancel_generation_request": _example(
            "abort", "End everything at once", {"mode": "abort", "reason": "wrong lesson"}
        ),
        "change_generation_request": _example(
            "metadata", "Set one pair and remove another", {"metadata": {"lesson": "A1-8", "draft": None}}
        ),
        "retry_generation_request": _example("failed", "All that failed", {"slots": "failed"})
        | _example("two", "Two slots", {"slots": [2, 4], "max_attempts": 5}),
        "begin_bulk_operation": _example(
            "dry_run",
            "How many would be retried",
            {"action": "retry", "filter": {"status": ["failed", "partial"]}, "dry_run": True},
        ),
        "requeue_dead_letters": _example(
            "provider", "What failed while a provider was away", {"filter": {"code": "provider_unavailable"}}
        ),
        "create_api_key": _example(
            "app", "A key for an application", {"name": "quiz app", "scopes": ["read", "write"]}
        ),
    }
)

_ANSWERS: Mapping[tuple[str, str], Json] = MappingProxyType(
    {
        ("generate", "202"): _example(
            "accepted",
            "Accepted: it is durable, and will end",
            {
                "message": "Generation request accepted",
                "request_id": _ID,
                "count": 5,
                "status": "pending",
                "done": False,
                "deadline_at": _DEADLINE,
                "poll_after_ms": 1050,
                "idempotency": {"key": "lesson-A1-7", "replayed": False, "key_expires_at": None},
                "links": _LINKS,
            },
        ),
        ("list_generation_requests", "200"): _example(
            "one",
            "The only page",
            {"results": [_SUMMARY], "next_cursor": None, "has_more": False, "links": {"next": None}},
        ),
        ("get_generation_request", "200"): _example(
            "summary",
            "Being worked on, told with view=summary",
            _SUMMARY
            | {
                "progress": {
                    "percent": 60,
                    "phase": "generating",
                    "queue_position": None,
                    "eta_seconds": 10,
                    "basis": {"sample_size": 40, "slot_p50_ms": 4100},
                    "as_of": "2026-01-31T12:00:10Z",
                },
                "health": "on_track",
                "entities": [],
                "slots": [],
            },
        ),
        ("get_readiness", "200"): _example(
            "ready", "It can serve", {"status": "ready", "workers_alive": 2, "reasons": []}
        ),
    }
)

ERROR: Json = _example(
    "unknown",
    "What every error looks like",
    {
        "type": "/errors/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "You have no generation request with this id.",
        "instance": _ADDRESS,
        "code": "not_found",
        "retryable": False,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    },
)


def body_example(operation: str) -> Json | None:
    """Bodies that an operation takes."""
    return _BODIES.get(operation)


def answer_example(operation: str, status: str) -> Json | None:
    """Answers that an operation gives."""
    return _ANSWERS.get((operation, status))
