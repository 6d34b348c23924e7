"""What a process counts, for Prometheus: it listens to what happens, and its registry tells the sums.

What stands in the database (how much waits, how old it is, who lives) is asked when somebody looks: `api/metrics.py`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from lqs.observability.telemetry import Happening

GENERATION_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90)
"""Seconds. Language models take 3 to 30."""
HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
"""Seconds."""

WATCH: Mapping[str, str] = MappingProxyType(
    {
        "lqs_oldest_pending_seconds": "it grows: workers are too few, or none is alive",
        "lqs_slots_unsettled": "the backlog has to be sized",
        "lqs_requests_open": "the backlog has to be sized",
        "lqs_workers_alive": "it is 0",
        "lqs_worker_places": "those in flight stay as many: add workers",
        "lqs_worker_in_flight": "it stays at the places: add workers",
        "lqs_dead_letters_open": "it is not 0: `lqs dead-letters list`",
        "lqs_oldest_unpublished_seconds": "it grows: Kafka cannot be told of events",
        "lqs_attempts_total": "the share of one `code` rises: a provider is in trouble",
        "lqs_generation_seconds": "generations take longer than before",
        "lqs_slots_total": "`rescued` or `late` rises: workers die, or stand still",
        "lqs_http_seconds": "answers get slow",
        "lqs_faults_total": "it is there at all: the log has the traceback",
        "lqs_happenings_total": "anything in the log has to be counted",
    }
)
"""When an operator looks at each metric, those that the API tells of the whole service included."""


class Metrics:
    """The counters of one process. `registry` is what is told; `listen` is a listener of its telemetry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Each counter is remembered by its labels: to find it anew costs more than to count.
        self._happenings = cache(
            Counter(
                "lqs_happenings",
                "What happened, by the word the log says.",
                ["name"],
                registry=self.registry,
            ).labels
        )
        self._faults = cache(
            Counter(
                "lqs_faults",
                "What broke that should not have; 0 is good.",
                ["name"],
                registry=self.registry,
            ).labels
        )
        self._attempts = cache(
            Counter(
                "lqs_attempts",
                "Attempts at one entity that ended, by outcome and, if they failed, error code.",
                ["entity_type", "outcome", "code"],
                registry=self.registry,
            ).labels
        )
        self._seconds = cache(
            Histogram(
                "lqs_generation_seconds",
                "How long attempts that made an entity took, verification included.",
                ["entity_type"],
                buckets=GENERATION_BUCKETS,
                registry=self.registry,
            ).labels
        )
        self._slots = cache(
            Counter("lqs_slots", "Slots by what this process did with them.", ["deed"], registry=self.registry).labels
        )
        self._answers = cache(
            Histogram(
                "lqs_http_seconds",
                "How long answers took from the call to their headers; those that were held are not among them.",
                ["method", "route", "status"],
                buckets=HTTP_BUCKETS,
                registry=self.registry,
            ).labels
        )

    def listen(self, happening: Happening) -> None:
        """Count what happened."""
        self._happenings(happening.name).inc()
        if happening.error is not None:
            self._faults(happening.name).inc()
        if (count := _COUNTED.get(happening.name)) is not None:
            count(self, happening.fields)

    def serve(self, host: str, port: int) -> tuple[int, Callable[[], None]]:
        """Tell them to whoever asks here, in a thread; returns the port, and how to stop. Raises `OSError`."""
        server, thread = start_http_server(port, host, self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return server.server_port, stop

    def _attempt(self, fields: Mapping[str, object]) -> None:
        entity_type, code = str(fields["entity_type"]), fields["code"]
        self._attempts(entity_type, fields["outcome"], code or "").inc()
        if code is None:
            self._seconds(entity_type).observe(_number(fields["seconds"]))

    def _answered(self, fields: Mapping[str, object]) -> None:
        """Of an answer of the API; `route` is the pattern of its address, so that ids make no series."""
        if not fields["held"]:
            labels = fields["method"], fields["route"] or "none", fields["status"]
            self._answers(*labels).observe(_number(fields["seconds"]))

    def _claimed(self, fields: Mapping[str, object]) -> None:
        self._slots("claimed").inc(_number(fields["slots"]))

    def _settled(self, fields: Mapping[str, object]) -> None:
        self._slots("settled").inc(_number(fields["booked"]))
        self._slots("late").inc(_number(fields["late"]))

    def _announced(self, fields: Mapping[str, object]) -> None:
        self._slots("announced").inc(_number(fields["slots"]))

    def _named(self, fields: Mapping[str, object]) -> None:
        self._slots("named").inc(_number(fields["slots"]))
        self._slots("repeated").inc(_number(fields["repeated"]))

    def _rescued(self, fields: Mapping[str, object]) -> None:
        self._slots("rescued").inc(_number(fields["slots"]))


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


_COUNTED: Mapping[str, Callable[[Metrics, Mapping[str, object]], None]] = MappingProxyType(
    {
        "api.answered": Metrics._answered,
        "attempt.ended": Metrics._attempt,
        "slots.announced": Metrics._announced,
        "slots.named": Metrics._named,
        "slots.claimed": Metrics._claimed,
        "slots.settled": Metrics._settled,
        "slots.rescued": Metrics._rescued,
    }
)
