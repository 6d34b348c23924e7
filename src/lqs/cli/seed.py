"""`lqs <plural> seed`: fills every combination of the facets that an entity type is seeded by, up to a number.

What is missing is asked for under idempotency keys that are numbered for each combination. A key that was used before
leads to what it made: that is waited for and counted, so that no seed, repeated, interrupted or run twice at once, ever
asks for the same again.
"""

import hashlib
import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lqs.cli.arguments import DEFAULT_TIMEOUT, WrongUsage
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode
from lqs.cli.facets import Filters
from lqs.cli.nouns import EntityNoun
from lqs.cli.plain import columns, counted
from lqs.cli.program import command
from lqs.cli.seed_waiting import wait_for_all
from lqs.domain import limits
from lqs.domain.entity_type import ConstraintsRefused, EntityType
from lqs.generators.catalog import entity_types
from lqs_client import Accepted, ApiError, Client, Invalid, WaitTimeout

_KEY_USED = "idempotency_key_reuse"
_KEY_EXPIRED = "idempotency_key_expired"


@dataclass(frozen=True, slots=True)
class Seeding:
    """What a user said about seeding: `timeout` in seconds, None for the default."""

    url: str | None
    up_to: int
    dry_run: bool
    timeout: float | None
    as_json: bool

    @property
    def seconds(self) -> float:
        """How long to wait."""
        return DEFAULT_TIMEOUT if self.timeout is None else self.timeout


@dataclass(slots=True)
class Combination:
    """One combination of values: what it asks for, how many there are, and what was asked for of it.

    `refused` says why none can be generated; `unknown` that what was asked for earlier has not ended yet.
    """

    values: Mapping[str, str]
    constraints: Mapping[str, Any]
    refused: str | None = None
    unknown: bool = False
    there: int = 0
    asked: int = 0
    generated: int = 0
    failed: int = 0
    request_ids: list[str] = field(default_factory=list)

    def key(self, plural: str, number: int) -> str:
        """The idempotency key of the generation request with this number."""
        name = json.dumps([plural, dict(self.values)], sort_keys=True).encode()
        return f"lqs-seed-{hashlib.sha256(name).hexdigest()[:24]}-{number}"


def fill(noun: EntityNoun, filters: Filters, how: Seeding) -> ExitCode:
    """Plan, say what is there, ask for the rest, wait for it, and say what became of it."""
    kind = next(kind for kind in entity_types().values() if kind.name == noun.name)
    wanted = _combinations(kind, noun, filters)
    with open_client(how.url) as client:
        _count(client, noun, wanted)
        _tell_plan(noun, wanted, how)
        if how.dry_run:
            return _tell_end(noun, wanted, how, still_running=False)
        for one in wanted:
            _ask(client, noun, one, how)
    ids = [request_id for one in wanted for request_id in one.request_ids]
    ends = wait_for_all(ids, how.url, how.seconds, quiet=how.as_json)
    for one in wanted:
        for end in (ends[request_id] for request_id in one.request_ids if request_id in ends):
            one.generated += end.generated_count
            one.failed += end.failed_count + end.counts.cancelled
    still_running = len(ends) < len(ids) or any(one.unknown for one in wanted)
    return _tell_end(noun, wanted, how, still_running=still_running)


def _combinations(kind: EntityType, noun: EntityNoun, filters: Filters) -> list[Combination]:
    words = {one.facet: filters.get(one.facet) or one.words for one in noun.facet_options if one.facet in noun.seed_by}
    for name in noun.seed_by:
        if kind.constraint_for(name) is None and len(words[name]) > 1:
            raise WrongUsage(f"{noun.plural} cannot be asked for by {name}: choose one with --{name.replace('_', '-')}")
    return [
        _combination(kind, dict(zip(noun.seed_by, values, strict=True)))
        for values in itertools.product(*(words[name] for name in noun.seed_by))
    ]


def _combination(kind: EntityType, values: dict[str, str]) -> Combination:
    constraints = kind.constraints_for({name: [value] for name, value in values.items()})
    one = Combination(values, constraints)
    try:
        kind.check_constraints(kind.constraints_model.model_validate(constraints))
    except ConstraintsRefused as refusal:
        one.refused = refusal.detail
    return one


def _count(client: Client, noun: EntityNoun, wanted: Sequence[Combination]) -> None:
    found = client.pool(noun.plural).stats(group_by=noun.seed_by)
    for one in wanted:
        one.there = sum(
            group.total
            for group in found.groups
            if all(value in group.values.get(name, ()) for name, value in one.values.items())
        )
    if not noun.seed_by:
        wanted[0].there = found.total


def _ask(client: Client, noun: EntityNoun, one: Combination, how: Seeding) -> None:
    for number in itertools.count():
        count = min(limits.MAX_ENTITIES, how.up_to - one.there - one.asked)
        if one.refused or count <= 0:
            return
        try:
            accepted = _submit(client, noun, one, count=count, number=number)
        except Invalid as error:
            one.refused = error.detail
            return
        if accepted is None:
            continue
        if isinstance(accepted, Accepted) and not accepted.replayed:
            one.request_ids.append(accepted.request_id)
            one.asked += count
            continue
        # Somebody asked for it before. Only when all of it has ended is what there is of it known.
        earlier = accepted if isinstance(accepted, str) else accepted.request_id
        try:
            for request_id in (earlier, *one.request_ids):
                client.wait(request_id, timeout=how.seconds)
        except WaitTimeout:
            one.unknown = True
            return
        one.there = client.pool(noun.plural).stats(**one.values).total - _made(client, one)


def _submit(client: Client, noun: EntityNoun, one: Combination, *, count: int, number: int) -> Accepted | str | None:
    """What was accepted; the id of what an earlier use of the key made; None if that is no longer known."""
    try:
        return client.generate(
            noun.plural,
            count=count,
            constraints=one.constraints,
            metadata={"seed": " ".join(one.values.values())} if one.values else None,
            idempotency_key=one.key(noun.plural, number),
        )
    except ApiError as error:
        earlier = error.raw.get("existing_request_id")
        if error.code == _KEY_USED and isinstance(earlier, str):
            return earlier
        if error.code == _KEY_EXPIRED:
            return None
        raise


def _made(client: Client, one: Combination) -> int:
    return sum(client.get(request_id).generated_count for request_id in one.request_ids)


def _tell_plan(noun: EntityNoun, wanted: Sequence[Combination], how: Seeding) -> None:
    if how.as_json:
        return
    possible = [one for one in wanted if not one.refused]
    missing = sum(max(0, how.up_to - one.there) for one in possible)
    there = sum(one.there for one in possible)
    print(
        f"{len(possible)} of {len(wanted)} can be generated; {counted(there, noun.name, noun.plural)} there, "
        f"{missing} missing up to {how.up_to} each.",
        file=sys.stderr,
    )


def _tell_end(noun: EntityNoun, wanted: Sequence[Combination], how: Seeding, *, still_running: bool) -> ExitCode:
    code = _judge(wanted, still_running=still_running)
    if how.as_json:
        print(json.dumps(_as_json(wanted, how, still_running=still_running), ensure_ascii=False))
        return code
    head = (*(name.upper() for name in noun.seed_by), "THERE", "MISSING" if how.dry_run else "GENERATED", "NOTE")
    print(columns(head, [_row(one, how) for one in wanted]), flush=True)
    print(f"  Next: {_next(noun, how, code)}", file=sys.stderr)
    return code


def _judge(wanted: Sequence[Combination], *, still_running: bool) -> ExitCode:
    if still_running:
        return ExitCode.STILL_RUNNING
    if any(one.failed for one in wanted):
        return ExitCode.PARTIAL if any(one.generated for one in wanted) else ExitCode.FAILED
    return ExitCode.DONE


def _row(one: Combination, how: Seeding) -> tuple[str, ...]:
    new = max(0, how.up_to - one.there) if how.dry_run and not one.refused else one.generated
    failed = f"{one.failed} failed" if one.failed else ""
    note = f"impossible: {one.refused}" if one.refused else "asked for earlier, still running" * one.unknown or failed
    return (*one.values.values(), str(one.there), str(new), note)


def _next(noun: EntityNoun, how: Seeding, code: ExitCode) -> str:
    if how.dry_run:
        return command(f"{noun.plural} seed --up-to {how.up_to}")
    if code is ExitCode.DONE:
        return command(f"{noun.plural} draw")
    return command(f"{noun.plural} seed --up-to {how.up_to}") + " (asks for what is still missing)"


def _as_json(wanted: Sequence[Combination], how: Seeding, *, still_running: bool) -> dict[str, Any]:
    return {
        "up_to": how.up_to,
        "dry_run": how.dry_run,
        "still_running": still_running,
        "combinations": [
            {
                "values": dict(one.values),
                "there": one.there,
                "missing": 0 if one.refused else max(0, how.up_to - one.there),
                "generated": one.generated,
                "failed": one.failed,
                "impossible": one.refused,
                "request_ids": one.request_ids,
            }
            for one in wanted
        ],
    }
