"""Work on many generation requests at once: what is done, and where it stands."""

from enum import StrEnum


class BulkAction(StrEnum):
    """What is done with each."""

    CANCEL = "cancel"
    RETRY = "retry"
    PURGE = "purge"


class BulkStatus(StrEnum):
    """Where a bulk operation stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
