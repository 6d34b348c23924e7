"""API keys: `lqs_live_<key id>_<secret><checksum>`.

The prefix lets secret scanners find a leaked key; the checksum lets a client refuse a mistyped one without a call.
Only a hash is ever stored: the secret has 190 bits of entropy, so a fast hash is enough.
"""

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "lqs_live_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY_ID_CHARACTERS = 12
_SECRET_CHARACTERS = 32
_CHECKSUM_CHARACTERS = 6


class Scope(StrEnum):
    """What a key may do: read what its owner has, start work, start it with high priority, administer.

    None includes another.
    """

    READ = "read"
    WRITE = "write"
    PRIORITY = "priority"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A whole key, known only to its holder. `repr` hides the secret."""

    key_id: str
    secret: str

    @property
    def text(self) -> str:
        """The form a caller sends."""
        body = f"{PREFIX}{self.key_id}_{self.secret}"
        return body + _checksum(body)

    @property
    def secret_sha256(self) -> bytes:
        """What is stored instead of the secret."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, stored_sha256: bytes) -> bool:
        """Whether this is the secret that was stored, in constant time."""
        return hmac.compare_digest(self.secret_sha256, stored_sha256)

    def __repr__(self) -> str:
        return f"ApiKey({self.key_id}, ...)"


def make_key() -> ApiKey:
    """A new random key."""
    return ApiKey(_random(_KEY_ID_CHARACTERS), _random(_SECRET_CHARACTERS))


def is_key_id(text: str) -> bool:
    """Whether this can be the id of a key."""
    return len(text) == _KEY_ID_CHARACTERS and set(text) <= set(_ALPHABET)


def parse_key(text: str) -> ApiKey | None:
    """The key in this text, or None if it is not one: wrong prefix, length, characters or checksum."""
    body, checksum = text[:-_CHECKSUM_CHARACTERS], text[-_CHECKSUM_CHARACTERS:]
    key_id, _, secret = body.removeprefix(PREFIX).partition("_")
    well_formed = (
        body.startswith(PREFIX)
        and is_key_id(key_id)
        and len(secret) == _SECRET_CHARACTERS
        and set(secret) <= set(_ALPHABET)
        and checksum == _checksum(body)
    )
    return ApiKey(key_id, secret) if well_formed else None


def _random(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
