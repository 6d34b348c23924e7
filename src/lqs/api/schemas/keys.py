"""API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lqs.api.schemas.base import Input, Moment, Output
from lqs.api.schemas.bounds import MOST_TOLD, NO_NUL, KeyId, KeyName, KeyText, Microusd
from lqs.domain import limits
from lqs.domain.api_key import Scope

DailyBudget = Annotated[
    int | None,
    Field(
        ge=0,
        le=limits.MAX_COST_MICROUSD,
        description="What its calls may cost in a day (UTC), in millionths of a US dollar; null: any sum.",
    ),
]


class CreateKeyBody(Input):
    """A wish for an API key."""

    name: Annotated[str, Field(pattern=NO_NUL, min_length=1, max_length=100, examples=["quiz app"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope), examples=[["read", "write"]])]
    expires_at: Annotated[
        Moment | None, Field(description="When it ends by itself, with its UTC offset; null: never.")
    ] = None
    daily_budget_microusd: DailyBudget = None


class Key(Output):
    """An API key without its secret."""

    key_id: KeyId
    name: KeyName
    scopes: list[Scope] = Field(max_length=len(Scope))
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    daily_budget_microusd: DailyBudget
    spent_today_microusd: Microusd = Field(
        description="Of the daily budget; calls in flight count at their price. 0 without a budget: no account is kept."
    )


class CreatedKey(Key):
    """A new API key; `secret` is the whole key and is never shown again."""

    secret: KeyText


class Keys(Output):
    """The keys of the owner, oldest first."""

    results: list[Key] = Field(max_length=MOST_TOLD, description="The newest 1000.")
