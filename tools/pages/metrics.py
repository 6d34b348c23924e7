"""The page about metrics."""

from prometheus_client import CollectorRegistry
from tools.pages.text import code, page, table

from lqs.api.metrics import registry_of
from lqs.observability.metrics import WATCH, Metrics
from lqs.storage.gauges import Gauges


def metrics_page() -> str:
    """What is told of the database as a whole, and what each process counts."""
    return page(
        "Metrics",
        "In the text format of Prometheus. [How to watch](../how-to/watch-and-limit.md) says where they are "
        "told, and which three to alert on first.",
        "## Of the whole service\n\nAsked of the database whenever somebody reads `GET /metrics` of the API.\n\n"
        + _table(registry_of(Gauges(*[0] * len(Gauges.__slots__)))),
        "## Of one process\n\nWhat this process has counted since its start: the API at `GET /metrics`, a worker "
        "where `LQS_WORKER_METRICS_PORT` says.\n\n" + _table(Metrics().registry),
    )


def _table(registry: CollectorRegistry) -> str:
    rows = []
    for collector, names in registry._collector_to_names.items():
        [family] = collector.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert name in names or family.name in names
        labels = ", ".join(code(label) for label in getattr(collector, "_labelnames", ()))
        rows.append((code(name), family.type, labels, family.documentation, WATCH.get(name, "")))
    return table(("metric", "type", "labels", "", "look at it when"), rows)
