"""What the real service says of the codes that the fake one can answer with; a test holds both together."""

from collections.abc import Mapping
from types import MappingProxyType

SLOT_KINDS: Mapping[str, tuple[str, bool, str]] = MappingProxyType(
    {
        "provider_rate_limited": ("transient", True, "The model provider asked us to slow down."),
        "provider_timeout": ("transient", True, "The model provider did not answer in time."),
        "provider_unavailable": (
            "transient",
            True,
            "The model provider could not be reached or answered with an error.",
        ),
        "provider_auth": ("permanent", False, "The model provider refused our credentials."),
        "content_refused": ("policy", False, "The model declined to generate this content."),
        "output_invalid": (
            "transient",
            True,
            "What was generated did not pass verification, so it was not stored.",
        ),
        "slot_timeout": ("transient", True, "The attempt took longer than the time one attempt may take."),
        "deadline_exceeded": (
            "policy",
            False,
            "The deadline of the generation request passed before this entity was generated.",
        ),
        "budget_exhausted": (
            "policy",
            False,
            "The money set aside for this generation did not suffice for another attempt.",
        ),
        "worker_lost": ("transient", True, "The workers that tried this entity stopped answering, too many times."),
        "internal": ("permanent", True, "Generating this entity failed for a reason on our side; it was logged."),
    }
)
"""Of each code a slot can fail with: its category, whether another attempt can help, and the message."""

ERRORS: Mapping[str, tuple[int, bool, str]] = MappingProxyType(
    {
        "body_malformed": (400, False, "The body is not JSON"),
        "not_authenticated": (401, False, "A valid API key is needed"),
        "scope_missing": (403, False, "This API key may not do this"),
        "not_found": (404, False, "Not found"),
        "generation_request_not_done": (409, False, "The generation request is not done"),
        "nothing_to_retry": (409, False, "There is nothing to try again"),
        "budget_spent": (409, False, "The budget of this generation request is spent"),
        "generation_request_purged": (410, False, "The record of this generation request has been purged"),
        "body_refused": (422, False, "The body is not what this operation takes"),
        "idempotency_key_reuse": (422, False, "The Idempotency-Key was already used with another body"),
        "rate_limited": (429, True, "Too many calls"),
        "active_quota_exceeded": (429, True, "Too many generation requests under way"),
        "daily_budget_exhausted": (429, True, "The daily budget of this API key has no room for another call"),
        "internal_error": (500, True, "Something went wrong on our side"),
        "service_unavailable": (503, True, "The service cannot answer right now"),
        "queue_full": (503, True, "The queue is full"),
    }
)
"""Of each code the fake API can answer with: its status, whether the same call can succeed later, and the title."""
