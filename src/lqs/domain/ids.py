"""Identifiers made by whoever creates the thing, before it is stored."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits."""
    value = int.from_bytes(os.urandom(16))
    value = (time.time_ns() // 1_000_000) << 80 | value & ((1 << 80) - 1)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
