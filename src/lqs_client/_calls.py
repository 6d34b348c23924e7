"""Every call of the library as a flow: what `Client` and `AsyncClient` carry out."""

import uuid
from collections.abc import Mapping, Sequence

from lqs_client import _wire
from lqs_client._api_keys import ApiKeyList, NewApiKey, parse_api_key_list, parse_new_api_key
from lqs_client._entities import Entity, Problem, parse_entity
from lqs_client._errors import UnexpectedAnswer
from lqs_client._generation import Accepted, GenerationRequest
from lqs_client._parsing import parse_accepted, parse_generation_request
from lqs_client._pool import EntityPage, Filter, PoolStatistics, parse_page, parse_statistics
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import Exchange, KeyWish, Order, body_of


def generate(order: Order, idempotency_key: str | None, policy: RetryPolicy) -> Exchange[Accepted]:
    """Submit. One key is made per call, unless given, and kept over its repetitions."""
    key = str(uuid.uuid4()) if idempotency_key is None else idempotency_key
    response = yield from exchange(_wire.submit(order, key), policy)
    replayed = response.headers.get("idempotent-replayed", "").lower() == "true"
    return parse_accepted(body_of(response), idempotency_key=key, replayed=replayed)


def get(request_id: str, policy: RetryPolicy) -> Exchange[GenerationRequest]:
    """Look at a generation request once."""
    response = yield from exchange(_wire.generation_request(request_id), policy)
    return parse_generation_request(body_of(response))


def cancel(
    request_id: str, mode: str, reason: str | None, if_version: int | None, policy: RetryPolicy
) -> Exchange[GenerationRequest]:
    """Cancel a generation request."""
    call = _wire.cancel(request_id, mode=mode, reason=reason, if_version=if_version)
    response = yield from exchange(call, policy)
    return parse_generation_request(body_of(response))


def entity(plural: str, entity_id: str, policy: RetryPolicy) -> Exchange[Entity]:
    """Look at one entity."""
    response = yield from exchange(_wire.entity(plural, entity_id), policy)
    return parse_entity(body_of(response))


def problem(problem_id: str, policy: RetryPolicy) -> Exchange[Problem]:
    """Look at one problem."""
    found = yield from entity("problems", problem_id, policy)
    if not isinstance(found, Problem):
        raise UnexpectedAnswer(f"the answer is no problem: its entity_type is {found.entity_type!r}")
    return found


def list_entities(
    plural: str, filters: Mapping[str, Filter], limit: int, cursor: str | None, policy: RetryPolicy
) -> Exchange[EntityPage]:
    """Look at a page of entities."""
    response = yield from exchange(_wire.entities(plural, filters, limit=limit, cursor=cursor), policy)
    return parse_page(body_of(response))


def draw(plural: str, filters: Mapping[str, Filter], policy: RetryPolicy) -> Exchange[Entity]:
    """Take the entity whose turn it is."""
    response = yield from exchange(_wire.draw(plural, filters), policy)
    return parse_entity(body_of(response))


def pool_statistics(
    plural: str, filters: Mapping[str, Filter], group_by: Sequence[str], policy: RetryPolicy
) -> Exchange[PoolStatistics]:
    """Look at the pool in numbers."""
    response = yield from exchange(_wire.pool_statistics(plural, filters, group_by), policy)
    return parse_statistics(body_of(response))


def create_key(wish: KeyWish, policy: RetryPolicy) -> Exchange[NewApiKey]:
    """Make an API key."""
    response = yield from exchange(_wire.create_api_key(wish), policy)
    return parse_new_api_key(body_of(response))


def list_keys(policy: RetryPolicy) -> Exchange[ApiKeyList]:
    """Look at all API keys of the owner."""
    response = yield from exchange(_wire.list_api_keys(), policy)
    return parse_api_key_list(body_of(response))


def revoke_key(key_id: str, policy: RetryPolicy) -> Exchange[None]:
    """Revoke an API key."""
    yield from exchange(_wire.revoke_api_key(key_id), policy)
