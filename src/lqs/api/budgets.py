"""Money, before anything is accepted: what a call costs, and whether the key that asks has some left today."""

from lqs.api.auth import Caller
from lqs.domain.entity_type import EntityType
from lqs.domain.errors import BodyRefused, DailyBudgetExhausted, Finding
from lqs.domain.money import money
from lqs.domain.terms import Terms
from lqs.storage import api_keys, idempotency_keys
from lqs.storage.idempotency_keys import Key
from lqs.wiring import ApiParts


def call_price(parts: ApiParts, entity_type: EntityType, caller: Caller, terms: Terms) -> int:
    """The most that one call can cost, in millionths of a US dollar; 0 if that is unknown and nobody set a budget.

    Raises `BodyRefused` when there is a budget that could not be kept.
    """
    price = parts.defaults.call_prices[entity_type.name]
    if price is not None:
        return price
    unknown = f"What a call of the generator of {entity_type.plural} costs is unknown here"
    if terms.max_cost_microusd is not None:
        detail = f"{unknown}, so no budget can be kept. Leave it out."
        raise BodyRefused([Finding("/max_cost_microusd", "price_unknown", detail)])
    if caller.budgeted:
        raise _price_unknown(unknown)
    return 0


async def refuse_retry_without_money(parts: ApiParts, caller: Caller, entity_type: str, key: Key | None) -> None:
    """What `generate` refuses for the caller's key is refused to them when they have it tried again.

    Raises `BodyRefused` when nobody knows what a call costs, and `DailyBudgetExhausted`.
    """
    if not caller.budgeted:
        return
    price = parts.defaults.call_prices.get(entity_type)
    if price is None:
        raise _price_unknown("What a call of its generator costs is unknown here")
    await refuse_without_money(parts, caller, price, key)


def _price_unknown(unknown: str) -> BodyRefused:
    detail = f"{unknown}, so the daily budget of this API key cannot be kept. Use a key without one."
    return BodyRefused([Finding("", "price_unknown", detail)])


async def refuse_without_money(
    parts: ApiParts, caller: Caller, price: int, key: Key | None, *, most: int | None = None
) -> None:
    """See that one call can be paid, from `most`, a budget of its own, and by the caller's key; a replay asks for none.

    Raises `BodyRefused` and `DailyBudgetExhausted`.
    """
    too_little = most is not None and most < price
    if price == 0 or not (too_little or caller.budgeted):
        return
    async with parts.database.acquire() as connection:
        if key and await idempotency_keys.read(connection, [key]):
            return
        left = await api_keys.money_left(connection, caller.key_id) if caller.budgeted else None
    if too_little:
        detail = f"A call may cost {price} ({money(price)}), so with less nothing can be generated."
        raise BodyRefused([Finding("/max_cost_microusd", "out_of_range", detail, {"min": price})])
    if left is None or left.microusd >= price:
        return
    daily, call = money(left.budget_microusd), money(price)
    if left.budget_microusd < price:
        detail = f"A call may cost {call}, and the daily budget of this API key is {daily}: no day has room for one."
        raise BodyRefused([Finding("", "daily_budget_too_small", f"{detail} Use another key.")])
    raise DailyBudgetExhausted(
        f"Of its {daily} a day {money(max(0, left.microusd))} are left, and a call may cost {call}; calls in flight"
        " count at their price. The next day begins at midnight UTC; until then use another key.",
        retry_after_seconds=left.seconds,
    )
