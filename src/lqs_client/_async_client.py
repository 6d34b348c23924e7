"""The client for asyncio: carries out the flows on the running event loop."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from lqs_client import _calls, _records, _retries
from lqs_client._bulk import AsyncBulk
from lqs_client._dead_letters import AsyncDeadLetters
from lqs_client._entities import Entity, Problem
from lqs_client._errors import ConnectionFailed, CredentialsInvalid, LqsError, Timeout
from lqs_client._generation import Accepted, GenerationRequest
from lqs_client._history import FoundRequests, RunList, SlotHistory
from lqs_client._keys import AsyncKeys
from lqs_client._pools import AsyncPool
from lqs_client._requests import AsyncRequests
from lqs_client._retries import Again
from lqs_client._retry import RetryPolicy
from lqs_client._statistics import Question, Statistics, statistics
from lqs_client._waiting import Wait, wait
from lqs_client._wire import Flow, HttpResponse, Order, Progress, Result, Sleep, Terms, Trouble
from lqs_client.credentials import KEY_VARIABLE, credentials_file, find_credentials


class AsyncClient:
    """A client of the API for asyncio, for many calls at once; `Client` is its blocking twin with the same names.

    Address and key come from the arguments, the environment or the credentials file (`lqs_client.credentials`).
    `timeout` bounds each wait for the network in seconds; `max_retries` says how often one call is repeated.
    Raises `CredentialsInvalid` if there is no key, and `ValueError` for an address that is none.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        api_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
    ) -> None:
        # httpx takes longer to import than all of this library: paid by those who call, not by those who import
        from lqs_client._http import AsyncNetwork  # noqa: PLC0415

        found = find_credentials(api_url=api_url, api_key=api_key)
        if found.api_key is None:
            raise CredentialsInvalid(f"there is no API key: not in {KEY_VARIABLE}, not in {credentials_file()}")
        self._network = AsyncNetwork(found.api_url, found.api_key, timeout)
        self._policy = RetryPolicy(max_retries=max_retries)
        self.keys = AsyncKeys(self)
        self.bulk = AsyncBulk(self._carry_out, self._policy)
        self.dead_letters = AsyncDeadLetters(self)
        self.requests = AsyncRequests(self)
        self.problems = self.pool("problems")

    async def generate(
        self,
        entity_type_plural: str = "problems",
        *,
        count: int = 1,
        constraints: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        terms: Terms | None = None,
    ) -> Accepted:
        """Ask for `count` entities and return as soon as the API has stored the wish.

        `terms` are priority, deadlines, budget and the like, as far as you want to choose them.

        An idempotency key is made for every call and kept over its repetitions, so a repetition never generates
        twice; give your own to make a repetition of yours just as harmless. `terms` are its deadlines, attempts and
        the like. Raises `Invalid` (yours), `ApiError`, `ConnectionFailed`, `Timeout`.
        """
        order = Order(entity_type_plural, count, constraints, metadata, terms or Terms())
        return await self._carry_out(_calls.generate(order, idempotency_key, self._policy))

    async def get(self, request_id: str) -> GenerationRequest:
        """Look at a generation request once. Raises `NotFound` if there is none, or none of yours."""
        return await self._carry_out(_calls.get(request_id, self._policy))

    async def retry(  # noqa: PLR0913  one parameter a word of the body
        self,
        request_id: str,
        *,
        slots: str | Sequence[int] = "failed",
        max_attempts: int | None = None,
        timeout_seconds: int | None = None,
        max_cost_microusd: int | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> GenerationRequest:
        """Try again what failed: a further run under the same id, with what was generated left as it is.

        `slots` is "failed", "failed_and_cancelled", or the indexes of the slots. `max_cost_microusd` is what all runs
        together may cost from now on, in millionths of a US dollar; None leaves it as it was. An idempotency key is
        made for every call and kept over its repetitions. Raises `Conflict` when it is not done, has another version,
        nothing to try again or no money for a call, `Gone`, `NotFound`.
        """
        again = Again(slots, max_attempts, timeout_seconds, max_cost_microusd, if_version)
        return await self._carry_out(_retries.retry(request_id, again, idempotency_key, self._policy))

    async def runs(self, request_id: str) -> RunList:
        """Look at every run of a generation request: how it ended, who asked for it, what it cost."""
        return await self._carry_out(_retries.runs(request_id, self._policy))

    async def slot(self, request_id: str, index: int) -> SlotHistory:
        """Look at one slot and every attempt at it."""
        return await self._carry_out(_retries.slot(request_id, index, self._policy))

    async def find(self, *, idempotency_key: str) -> FoundRequests:
        """Look for what a key made, when the answer to the call that used it was lost. Raises `Gone` if purged."""
        return await self._carry_out(_retries.find(idempotency_key, self._policy))

    async def wait(
        self,
        request_id: str,
        *,
        timeout: float | None = 600.0,
        on_progress: Callable[[GenerationRequest], object] | None = None,
        on_trouble: Callable[[LqsError, float], object] | None = None,
    ) -> GenerationRequest:
        """Look at a generation request until it is done, as often as the API asks to.

        `timeout` is in seconds, None waits for ever. `on_progress` is called with every new state, the last included;
        `on_trouble` with every error on the way and the seconds until the next look; both may be coroutine functions.
        Lost connections, answers of 429 and 5xx do not end the waiting. The outcome is not judged: see
        `GenerationRequest.raise_for_outcome`. Raises `WaitTimeout` (the work goes on), `NotFound`, `Authentication`.
        """
        flow = wait(request_id, Wait(timeout, time.monotonic, self._policy))
        return await self._carry_out(flow, on_progress, on_trouble)

    async def generate_and_wait(  # noqa: PLR0913  what both of its steps take
        self,
        entity_type_plural: str = "problems",
        *,
        count: int = 1,
        constraints: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        terms: Terms | None = None,
        timeout: float | None = 600.0,
        on_progress: Callable[[GenerationRequest], object] | None = None,
    ) -> GenerationRequest:
        """`generate` and then `wait`; raises what these raise."""
        accepted = await self.generate(
            entity_type_plural,
            count=count,
            constraints=constraints,
            metadata=metadata,
            idempotency_key=idempotency_key,
            terms=terms,
        )
        return await self.wait(accepted.request_id, timeout=timeout, on_progress=on_progress)

    async def cancel(
        self, request_id: str, *, mode: str = "graceful", reason: str | None = None, if_version: int | None = None
    ) -> GenerationRequest:
        """Cancel a generation request; returns it as it stands then, what was generated included.

        graceful: what is in flight finishes and is kept, by `cancellation.settles_by` at the latest, so it may not be
        done yet. abort: everything ends at once. What was done before stays as it is, and `cancellation.outcome` is
        too_late. Raises `NotFound`, `Gone`, and `Conflict` when it no longer has the version `if_version`.
        """
        return await self._carry_out(_calls.cancel(request_id, mode, reason, if_version, self._policy))

    async def change(
        self,
        request_id: str,
        *,
        metadata: Mapping[str, str | None] | None = None,
        priority: str | None = None,
        pinned: bool | None = None,
        if_version: int | None = None,
    ) -> GenerationRequest:
        """Change a generation request; what is not named stays, pairs of `metadata` as well. None removes a pair.

        A pinned one is kept until it is unpinned; its retention then begins anew. `priority` (high, normal, low) can
        change while it is pending. Raises `Conflict` when it cannot, or no longer has the version `if_version`, `Gone`,
        `NotFound`.
        """
        changes = {"metadata": metadata, "priority": priority, "pinned": pinned, "if_version": if_version}
        return await self._carry_out(_records.change(request_id, changes, self._policy))

    async def purge(self, request_id: str) -> None:
        """Erase the record of a generation request for good; its entities stay.

        Raises `Conflict` when it is not done or is pinned, `Gone` when it was purged before, `NotFound`.
        """
        await self._carry_out(_records.purge(request_id, self._policy))

    async def entity(self, entity_type_plural: str, entity_id: str) -> Entity:
        """Look at one entity of any type. Raises `NotFound` if there is none, or none of yours."""
        return await self._carry_out(_calls.entity(entity_type_plural, entity_id, self._policy))

    async def problem(self, problem_id: str) -> Problem:
        """Look at one problem. Raises `NotFound` if there is none, or none of yours."""
        return await self._carry_out(_calls.problem(problem_id, self._policy))

    def pool(self, entity_type_plural: str) -> AsyncPool:
        """The entities of one type that were generated for the owner; those of `problems` are at hand as such."""
        return AsyncPool(self, entity_type_plural)

    async def stats(
        self,
        *,
        group_by: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        bucket: str | None = None,
        all_owners: bool = False,
    ) -> Statistics:
        """Count the generation requests asked for from `since` on and before `until`; the last day unless given.

        `group_by` takes entity_type, status, end_reason, priority and model, `bucket` hour or day; times need a zone.
        `all_owners` needs a key with the scope admin. Raises `Invalid` for a window that is too long.
        """
        question = Question(tuple(group_by), since, until, bucket, all_owners)
        return await self._carry_out(statistics(question, self._policy))

    async def close(self) -> None:
        """Close every connection; the client cannot be used afterwards."""
        await self._network.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _carry_out(
        self,
        flow: Flow[Result],
        on_progress: Callable[[Any], object] | None = None,
        on_trouble: Callable[[LqsError, float], object] | None = None,
    ) -> Result:
        response: HttpResponse | None = None
        failure: ConnectionFailed | Timeout | None = None
        while True:
            try:
                step = flow.throw(failure) if failure else flow.send(response)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # StopIteration does not carry its type
            response = failure = None
            match step:
                case Sleep(seconds):
                    await self._network.sleep(seconds)
                case Progress(state):
                    if on_progress:
                        await _finish(on_progress(state))
                case Trouble(error, pause):
                    if on_trouble:
                        await _finish(on_trouble(error, pause))
                case call:
                    try:
                        response = await self._network.send(call)
                    except (ConnectionFailed, Timeout) as trouble:
                        failure = trouble


async def _finish(outcome: object) -> None:
    if inspect.isawaitable(outcome):
        await outcome
