"""Opens what a process needs from its settings and closes it in reverse; everything below receives plain arguments."""

from lqs.wiring.api import open_api_parts
from lqs.wiring.database import MigrationNeeded, migrate_all, open_database, refuse_unmigrated
from lqs.wiring.parts import ApiParts, EntityTypes, Pace, Rules, WorkerParts
from lqs.wiring.traces import refuse_wrong_traces
from lqs.wiring.worker import open_worker_parts

__all__ = [
    "ApiParts",
    "EntityTypes",
    "MigrationNeeded",
    "Pace",
    "Rules",
    "WorkerParts",
    "migrate_all",
    "open_api_parts",
    "open_database",
    "open_worker_parts",
    "refuse_unmigrated",
    "refuse_wrong_traces",
]
