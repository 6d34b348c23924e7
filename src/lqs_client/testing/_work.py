"""The generation requests of the fake service: what they are, how they end, and how they are told."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lqs_client.testing._kinds import SLOT_KINDS

OWNER_ID = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"
MAX_ATTEMPTS = 3
_STATUSES = ("pending", "processing", "retrying", "generated", "failed", "cancelled")
_ENDED = ("generated", "failed", "cancelled")


@dataclass(slots=True)
class Slot:
    """A place for one entity."""

    index: int
    status: str = "pending"
    entity: dict[str, Any] | None = None
    error: str | None = None
    attempts: int = 0


@dataclass(slots=True)
class Work:
    """One generation request. Every change raises `version`."""

    entity_type: str
    slots: list[Slot]
    wish: dict[str, Any]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    run: int = 1
    version: int = 1
    requested_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancel: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether every slot has ended."""
        return all(slot.status in _ENDED for slot in self.slots)

    @property
    def counts(self) -> dict[str, int]:
        """Slots by their status."""
        met = Counter(slot.status for slot in self.slots)
        return {status: met[status] for status in _STATUSES}

    @property
    def status(self) -> str:
        """The status of the whole."""
        counts = self.counts
        if not self.done:
            return "processing" if self.started_at else "pending"
        if self.cancel and self.cancel["outcome"] == "cancelled":
            return "cancelled"
        if counts["generated"] == len(self.slots):
            return "completed"
        return "partial" if counts["generated"] else "failed"

    @property
    def etag(self) -> str:
        """Changes with the version."""
        return f'W/"{self.request_id}.{self.version}"'

    def go_on(
        self, limit: int | None, next_failure: Callable[[], str | None], make: Callable[[], dict[str, Any]]
    ) -> None:
        """Work on it, until at most `limit` of its entities are there; None: until its end."""
        if self.done:
            return
        before = [slot.status for slot in self.slots]
        now = datetime.now(UTC)
        self.started_at = self.started_at or now
        for slot in self.slots:
            if slot.status in _ENDED:
                continue
            if limit is not None and self.counts["generated"] >= limit:
                slot.status = "processing"
                continue
            slot.attempts += 1
            slot.error = next_failure()
            slot.status = "failed" if slot.error else "generated"
            slot.entity = None if slot.error else self._entity(slot.index, make())
        self.completed_at = now if self.done else None
        self.version += before != [slot.status for slot in self.slots]

    def stop(self, mode: str, reason: str | None) -> dict[str, Any]:
        """Cancel what has not ended; returns what is said of the cancellation."""
        asked = {"mode": mode, "reason": reason, "requested_at": None, "settles_by": None, "outcome": "too_late"}
        if self.done:
            return self.cancel or asked
        now = datetime.now(UTC)
        for slot in self.slots:
            slot.status = slot.status if slot.status in _ENDED else "cancelled"
        self.completed_at = now
        self.version += 1
        self.cancel = asked | {"requested_at": now.isoformat(), "settles_by": now.isoformat(), "outcome": "cancelled"}
        return self.cancel

    def choose(self, slots: str | Sequence[int]) -> list[Slot]:
        """The slots that a retry with these words is about."""
        if isinstance(slots, str):
            statuses = ("failed", "cancelled") if slots == "failed_and_cancelled" else ("failed",)
            return [slot for slot in self.slots if slot.status in statuses]
        return [slot for slot in self.slots if slot.index in slots and slot.status in ("failed", "cancelled")]

    def begin_again(self, chosen: Sequence[Slot], terms: Mapping[str, Any]) -> None:
        """Begin a further run for these slots, with the budget among the terms if there is one."""
        if (budget := terms.get("max_cost_microusd")) is not None:
            self.wish["max_cost_microusd"] = budget
        for slot in chosen:
            slot.status, slot.error, slot.attempts = "pending", None, 0
        self.run, self.version = self.run + 1, self.version + 1
        self.started_at = self.completed_at = self.cancel = None

    def links(self) -> dict[str, str | None]:
        """Where to go from here."""
        address = f"/generation-requests/{self.request_id}"
        retryable = self.status in ("partial", "failed", "cancelled")
        return {
            "self": address,
            "entities": f"/problems?generation_request_id={self.request_id}",
            "cancel": None if self.done else f"{address}/cancel",
            "retry": f"{address}/retry" if retryable else None,
        }

    def body(self) -> dict[str, Any]:
        """The whole of it, as the API tells it."""
        counts = self.counts
        settled = counts["generated"] + counts["failed"] + counts["cancelled"]
        told = {
            "request_id": self.request_id,
            "owner_id": OWNER_ID,
            "entity_type": self.entity_type,
            "status": self.status,
            "done": self.done,
            "end_reason": None if not self.done else "cancelled" if self.status == "cancelled" else "all_settled",
            "run": self.run,
            "version": self.version,
            "requested_at": self.requested_at.isoformat(),
            "started_at": _moment(self.started_at),
            "completed_at": _moment(self.completed_at),
            "deadline_at": self.deadline_at.isoformat(),
            "start_deadline_at": None,
            "last_progress_at": _moment(self.completed_at or self.started_at),
            "expires_at": _moment(self.completed_at and self.completed_at + timedelta(days=7)),
            "pinned": False,
            "priority": self.wish.get("priority", "normal"),
            "slot_timeout_seconds": self.wish.get("slot_timeout_seconds", 120),
            "origin": None,
            "cancel": self.cancel,
            "requested_count": len(self.slots),
            "generated_count": counts["generated"],
            "failed_count": counts["failed"],
            "counts": counts,
            "error_summary": self._error_summary(),
            "error_message": self._error_message(),
            "usage": {"input_tokens": 0, "output_tokens": 0, "model_calls": 0},
            "cost": {
                "currency": "USD",
                "total_microusd": 0,
                "wasted_microusd": 0,
                "estimated": False,
                "max_microusd": self.wish.get("max_cost_microusd"),
            },
            "constraints": self.wish.get("constraints", {}),
            "metadata": self.wish.get("metadata", {}),
            "links": self.links(),
            "entities": [slot.entity for slot in self.slots if slot.entity],
            "slots": [self._slot(slot) for slot in self.slots],
            "progress": {
                "percent": 100 * settled // len(self.slots),
                "phase": "done" if self.done else "generating" if self.started_at else "queued",
                "queue_position": None,
                "eta_seconds": None,
                "basis": None,
                "as_of": datetime.now(UTC).isoformat(),
            },
            "health": "on_track",
        }
        return told if self.done else told | {"poll_after_ms": 1000}

    @property
    def deadline_at(self) -> datetime:
        """When it would end at the latest."""
        return self.requested_at + timedelta(seconds=self.wish.get("timeout_seconds") or 600)

    def _entity(self, index: int, content: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "entity_type": self.entity_type,
            "generation_request_id": self.request_id,
            "slot_index": index,
            "created_at": datetime.now(UTC).isoformat(),
            **content,
        }

    def _slot(self, slot: Slot) -> dict[str, Any]:
        ended = slot.status in _ENDED
        return {
            "index": slot.index,
            "status": slot.status,
            "entity_id": slot.entity["id"] if slot.entity else None,
            "attempts": slot.attempts,
            "max_attempts": self.wish.get("max_attempts") or MAX_ATTEMPTS,
            "next_attempt_at": None,
            "error": _slot_error(slot),
            "started_at": _moment(self.started_at),
            "finished_at": _moment(self.completed_at or self.started_at) if ended else None,
        }

    def _failed(self) -> Counter[str]:
        return Counter(slot.error for slot in self.slots if slot.error)

    def _error_summary(self) -> list[dict[str, Any]]:
        return [
            {"code": code, "count": count, "sample_index": next(s.index for s in self.slots if s.error == code)}
            for code, count in self._failed().most_common()
        ]

    def _error_message(self) -> str | None:
        failed = self._failed()
        if not self.done or not failed:
            return None
        code, count = failed.most_common(1)[0]
        return f"{count} of {len(self.slots)} failed with {code}: {SLOT_KINDS[code][2]}"


def sample_problem() -> dict[str, Any]:
    """The content of the problem that the fake service generates; a new copy each time."""
    wrong = {"code": "agreement.subject_verb", "start": 5, "end": 11, "wrong": "parles", "correction": "parlons"}
    return {
        "schema_version": 1,
        "problem_type": "grammar",
        "focus": "conjugation",
        "language": "fr",
        "explanation_language": "en",
        "cefr": "A1",
        "tags": ["present"],
        "instructions": "Choisissez la phrase correcte. Verbe : « parler », au présent.",
        "target": {
            "lemma": "parler",
            "pronominal": False,
            "tense": "present",
            "person": "1p",
            "subject": "nous",
            "negation": None,
            "direct_object": "none",
            "indirect_object": "none",
        },
        "statements": [
            _statement("a", "Nous parlons.", translation="We speak.", explanation="With “nous” it ends in -ons."),
            _statement("b", "Nous parles.", error=wrong, explanation="“parles” goes with “tu”."),
            _statement(
                "c",
                "Nous parlent.",
                error=wrong | {"end": 12, "wrong": "parlent"},
                explanation="“parlent” goes with “ils”.",
            ),
        ],
        "correct_index": 0,
        "fingerprint": "0" * 64,
        "verification": None,
        "provenance": {"generator": "fake", "model": None, "seed": 0, "slot_index": 0},
    }


def _statement(key: str, text: str, **more: Any) -> dict[str, Any]:
    right = "translation" in more
    empty = {"translation": None, "error": None, "explanation": "", "proof": None}
    return {"key": key, "text": text, "is_correct": right} | empty | more


def _slot_error(slot: Slot) -> dict[str, Any] | None:
    if slot.error is None:
        return None
    category, retryable, message = SLOT_KINDS[slot.error]
    return {
        "code": slot.error,
        "category": category,
        "retryable": retryable,
        "message": message,
        "attempt": max(1, slot.attempts),
    }


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
