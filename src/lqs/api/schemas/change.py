"""Cancelling and changing one."""

from typing import Annotated

from pydantic import Field

from lqs.api.schemas.base import IfVersion, Input, MetadataKey, MetadataValue
from lqs.api.schemas.bounds import NO_NUL
from lqs.domain import limits
from lqs.domain.generation_request import CancelMode, Priority


class CancelBody(Input):
    """How to cancel, and why; nothing has to be said."""

    mode: Annotated[
        CancelMode,
        Field(description="graceful: what is in flight finishes and is kept; abort: everything ends at once."),
    ] = CancelMode.GRACEFUL
    reason: Annotated[
        str | None,
        Field(
            pattern=NO_NUL,
            min_length=1,
            max_length=limits.MAX_REASON_CHARACTERS,
            description="Your own words, kept with the cancellation.",
            examples=["wrong lesson"],
        ),
    ] = None
    if_version: IfVersion = None


class ChangeBody(Input):
    """What is to be changed of a generation request; what is absent or null stays."""

    metadata: Annotated[
        dict[
            MetadataKey,
            MetadataValue | None,
        ],
        Field(
            max_length=limits.MAX_METADATA_PAIRS,
            description="Pairs to set; null removes one; all others stay.",
            examples=[{"lesson": "A1-8", "draft": None}],
        ),
    ] = Field(default_factory=dict)
    priority: Annotated[
        Priority | None, Field(description="Only while it is pending; high needs the scope priority.")
    ] = None
    pinned: Annotated[
        bool | None,
        Field(description="true: kept until it is unpinned. false: purged when its retention has passed from now."),
    ] = None
    if_version: IfVersion = None
