"""Kafka as a transport: what the reader's thread takes from it, brought to the event loop of the worker."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.dead_letter_topic import DeadLetterTopic
from lqs.dispatch.kafka.reader import Reader, Reading
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.transport import Notice, Places
from lqs.observability.telemetry import Telemetry

_LONGEST_SILENCES = 5
_CLOSE_SECONDS = 8.0
"""Leaving the group takes a moment; with brokers that are gone it may take forever."""


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How long nothing may be heard before the worker looks for itself."""

    silence_seconds: float


class Intake:
    """A worker's share of the work topic.

    It only ever says where to look. When it is silent or in trouble, the worker looks in the database by itself: then a
    partition that a dead or busy worker still owns keeps nobody waiting.
    """

    def __init__(
        self, access: Access, rules: IntakeRules, telemetry: Telemetry, places: Places, on_heard: Callable[[], None]
    ) -> None:
        self._telemetry = telemetry
        self._silence_seconds = rules.silence_seconds
        self._on_heard = on_heard
        self._loop = asyncio.get_running_loop()
        self._heard: list[Notice] = []
        self._quiet_since = self._looked_at = time.monotonic()
        self._reader = Reader(
            Reading(
                access=access,
                topic=topic(access.topic_prefix, TopicName.WORK),
                places=places,
                hear=self._hear_in_thread,
                refuse=DeadLetterTopic(access, telemetry).refuse,
                telemetry=telemetry,
            )
        )
        self._thread = threading.Thread(target=self._reader.run, name="lqs-kafka-intake", daemon=True)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be heard now."""
        return self._reader.trouble

    @property
    def must_look(self) -> bool:
        """Whether nothing was heard for so long, or nothing can be, that the worker has to look for itself.

        Now and then it has to, whatever it hears: for what nobody announces, such as slots of a type that the leader
        does not know.
        """
        now = time.monotonic()
        return (
            self.trouble is not None
            or now - self._quiet_since >= self._silence_seconds
            or now - self._looked_at >= _LONGEST_SILENCES * self._silence_seconds
        )

    def looked(self) -> None:
        """The silence begins anew.

        Workers that looked whenever a place became free would leave nothing to be announced, and never hear anything.
        """
        self._quiet_since = self._looked_at = time.monotonic()

    def take(self) -> Sequence[Notice]:
        """The notices heard since the last call."""
        heard, self._heard = self._heard, []
        return heard

    def confirm(self, notice: Notice) -> None:
        """What it names was claimed: its offsets may be committed."""
        assert isinstance(notice.receipt, dict)
        self._reader.confirm(notice.receipt)

    async def run(self) -> None:
        """Read until cancelled."""
        self._thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._reader.stop()

    async def close(self) -> None:
        """Leave the group, so that others have its partitions at once; what was claimed is committed first."""
        self._reader.stop()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)
        if self._thread.is_alive():
            self._telemetry.emit("intake.left_hanging")

    def _hear_in_thread(self, notice: Notice) -> None:
        with suppress(RuntimeError):  # the loop is gone; what was named is read again by others
            self._loop.call_soon_threadsafe(self._hear, notice)

    def _hear(self, notice: Notice) -> None:
        self._heard.append(notice)
        self._quiet_since = time.monotonic()
        self._on_heard()
