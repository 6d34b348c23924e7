"""The page about events on Kafka."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.pages.text import code, page, table

from lqs.dispatch.kafka.cloud_events import MEANINGS
from lqs.dispatch.kafka.topic_plans import DEFAULTS, TopicName, topic

ROOT = Path(__file__).parents[2]
FOLDER = Path("schemas/events")
EXAMPLE = FOLDER / "examples" / "generation_request.slot.failed.json"
_DAY_MS = 86_400_000


def events_page() -> str:
    """Topic, key, headers, types, and the fields of the data of each schema."""
    plan = DEFAULTS[TopicName.EVENTS]
    example = json.loads((ROOT / EXAMPLE).read_text(encoding="utf-8"))
    data = json.dumps(example["value"], indent=2, ensure_ascii=False)
    schemas = {file: json.loads((ROOT / file).read_text(encoding="utf-8")) for file in _files()}
    of_slots = next(file for file, schema in schemas.items() if "slot_index" in schema["properties"])
    return page(
        "Events",
        f"What happens is told on the topic `{topic('lqs', TopicName.EVENTS)}` (`LQS_KAFKA_TOPIC_PREFIX` replaces "
        f"`lqs`), which has {plan.partitions} partitions and keeps records for {plan.retention_ms // _DAY_MS} days, "
        "as [CloudEvents](https://cloudevents.io) 1.0 in binary mode: attributes are headers, the value is JSON. The "
        "key is the id of the generation request. [How to read them](../how-to/run-on-kafka.md), and "
        "[what may change](../../schemas/events/README.md).",
        "## Types\n\n" + table(("`ce_type`", "", "schema"), _types(schemas)),
        "## Headers\n\n" + table(("header", "such as"), [(code(k), code(v)) for k, v in example["headers"].items()]),
        *(_fields(file, schema) for file, schema in schemas.items()),
        f"## An example\n\nThe value of a record of the type `{example['headers']['ce_type']}`:\n\n"
        f"```json {of_slots}\n{data}\n```",
    )


def _files() -> list[Path]:
    return sorted((file.relative_to(ROOT) for file in (ROOT / FOLDER).glob("*.json")), key=lambda file: len(file.name))


def _types(schemas: Mapping[Path, Any]) -> Iterator[tuple[str, str, str]]:
    for kind, words in MEANINGS.items():
        [file] = [file for file, schema in schemas.items() if f"{kind}," in schema["description"].replace(". ", ",")]
        yield code(kind), words, f"[{file.name}](../../{file})"


def _fields(file: Path, schema: Any) -> str:
    rows = [(code(name), _type(one), one["description"]) for name, one in schema["properties"].items()]
    return f"## Fields of {file.name}\n\n{schema['title']}.\n\n" + table(("field", "type", ""), rows)


def _type(field: Mapping[str, Any]) -> str:
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(field.get("format", kind) if kind == "string" else kind for kind in kinds)
