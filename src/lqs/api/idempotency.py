"""The Idempotency-Key header: read for every operation that makes work, and answered the same way by all of them."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from lqs.api.parameters import KEY
from lqs.domain.errors import IdempotencyKeyMalformed
from lqs.domain.limits import MAX_IDEMPOTENCY_KEY_CHARACTERS
from lqs.lifecycle.idempotency import key_expires_at

_VISIBLE_ASCII = re.compile(rf"[\x21-\x7e]{{1,{MAX_IDEMPOTENCY_KEY_CHARACTERS}}}")


@dataclass(frozen=True, slots=True)
class Keyed:
    """What became of the key of a call, if it had one; `used_at` is when a replayed one did its work."""

    key: str | None
    replayed: bool
    used_at: datetime | None = None

    def body(self, expires_at: datetime | None) -> dict[str, Any] | None:
        """The member `idempotency` (`schemas.Idempotency`) beside a record that ends at `expires_at`."""
        if self.key is None:
            return None
        expires = key_expires_at(self.used_at, expires_at)
        return {"key": self.key, "replayed": self.replayed, "key_expires_at": expires}

    @property
    def headers(self) -> dict[str, str]:
        """The header that tells a replay."""
        return {"Idempotent-Replayed": "true" if self.replayed else "false"} if self.key else {}


def parse_key(text: str) -> str:
    """The key itself: the quoted and the bare form are the same. Raises `IdempotencyKeyMalformed`."""
    key = text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text
    if not _VISIBLE_ASCII.fullmatch(key):
        raise IdempotencyKeyMalformed(
            f"A key has 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} visible ASCII characters and no blank;"
            " a UUID is a good one."
        )
    return key


async def _read(
    request: Request,
    idempotency_key: Annotated[
        str | None, KEY, Header(description="One key per intended piece of work; send it again with every repetition.")
    ] = None,
) -> str | None:
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise IdempotencyKeyMalformed("Send one Idempotency-Key, not several.")
    return None if idempotency_key is None else parse_key(idempotency_key)


IdempotencyKey = Annotated[str | None, Depends(_read)]
"""The key of the call, None without one."""
