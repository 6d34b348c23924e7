"""How large the numbers and how long the texts of every shape can be.

What callers send is refused beyond it; what we answer fits, because a column of the database or the code that writes it
sees to it.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from lqs.domain import limits
from lqs.domain.api_key import PREFIX
from lqs.domain.facets import MAX_VALUE_CHARACTERS

_SMALLINT, _INT, _BIGINT = 2**15 - 1, 2**31 - 1, 2**63 - 1
"""The largest numbers of PostgreSQL's types: https://www.postgresql.org/docs/current/datatype-numeric.html"""

SlotCount = Annotated[int, Field(ge=0, le=limits.MAX_ENTITIES)]
SlotIndex = Annotated[int, Field(ge=0, le=limits.MAX_ENTITIES - 1)]
AttemptNumber = Annotated[int, Field(ge=0, le=_SMALLINT)]
RunNumber = Annotated[int, Field(ge=1, le=_INT)]
Version = Annotated[int, Field(ge=1, le=limits.MAX_VERSION)]
Number = Annotated[int, Field(ge=0, le=_INT)]
Total = Annotated[int, Field(ge=0, le=_BIGINT)]
Microusd = Annotated[int, Field(ge=0, le=_BIGINT)]

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL stores every character but this one."""

_MAX_ADDRESS_CHARACTERS = 3 * 65_534
"""The server takes addresses of up to 65,534 bytes; in a link each of them may be written as three."""
MAX_CURSOR_CHARACTERS = 400
MAX_MESSAGE_CHARACTERS = 2000
MOST_TOLD = 1000
"""What a list without pages tells at most."""
MAX_FINDINGS = 20
"""Places of a body that are told to be wrong."""

Address = Annotated[str, StringConstraints(pattern=r"^/\S*$", max_length=_MAX_ADDRESS_CHARACTERS)]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=MAX_CURSOR_CHARACTERS)]
Message = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=MAX_MESSAGE_CHARACTERS)]
Reason = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=limits.MAX_REASON_CHARACTERS)]
EntityTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
FacetValue = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=MAX_VALUE_CHARACTERS)]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{12}$", max_length=12)]
KeyText = Annotated[str, StringConstraints(pattern=rf"^{PREFIX}[0-9A-Za-z]+_[0-9A-Za-z]+$", max_length=100)]
KeyName = Annotated[str, StringConstraints(pattern=NO_NUL, min_length=1, max_length=100)]
IdempotencyKeyText = Annotated[
    str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=limits.MAX_IDEMPOTENCY_KEY_CHARACTERS)
]
