"""The PostgreSQL that comes with lqs: created, started, adopted and stopped in a folder of its own."""

from lqs.storage.embedded.folder import binaries
from lqs.storage.embedded.postgres import EmbeddedPostgres
from lqs.storage.embedded.service_account import EmbeddedRefused

__all__ = ["EmbeddedPostgres", "EmbeddedRefused", "binaries"]
