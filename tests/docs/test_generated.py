"""The generated pages of the reference are what the code says now, all of it."""

import re
from pathlib import Path

import pytest
from tools.pages.every import everything

from lqs.api.app import create
from lqs.api.metrics import registry_of
from lqs.dispatch.kafka.cloud_events import MEANINGS
from lqs.domain.generation_request import EventType
from lqs.observability.metrics import WATCH, Metrics
from lqs.settings import CLIENT_VARIABLES, Settings
from lqs.settings.told import SECTIONS
from lqs.storage.gauges import Gauges

FOLDER = Path(__file__).parents[2] / "docs/reference"
PAGES = everything()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_in_the_folder_is_the_one_that_is_made(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "make pages"


@pytest.mark.parametrize("name", PAGES)
def test_every_row_says_what_it_is_about(name: str) -> None:
    rows = [line.split(" | ") for line in PAGES[name].splitlines() if line.startswith("| `")]
    wordless = [row for row in rows if not any(re.search(r"\w", cell) for cell in row[1:])]
    assert len(rows) > 10
    assert wordless == []


def test_every_setting_is_there() -> None:
    told = re.findall(r"^\| `(LQS_\w+)`", PAGES["settings.md"], re.MULTILINE)
    assert told == [*(f"LQS_{name.upper()}" for name in Settings.model_fields), *CLIENT_VARIABLES]
    assert set(SECTIONS) <= set(Settings.model_fields)


def test_every_command_is_there() -> None:
    listed = (Path(__file__).parents[2] / "src/lqs/cli/completion.txt").read_text(encoding="utf-8")
    commands = {line.partition("\t")[0] for line in listed.splitlines() if "--" not in line.partition("\t")[0]}
    assert {heading.partition(" lqs ")[2] for heading in re.findall("^##+ lqs .*", PAGES["cli.md"], re.M)} == commands


def test_every_type_of_event_is_explained() -> None:
    assert set(MEANINGS) == set(EventType)


def test_every_metric_that_is_told_says_when_to_look_at_it() -> None:
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for registry in (Metrics().registry, registry_of(Gauges(*[0] * len(Gauges.__slots__))))
        for family in registry.collect()
    }
    assert set(WATCH) == told


def test_the_page_on_watching_names_what_to_alert_on_and_leaves_the_rest_to_the_reference() -> None:
    page = (FOLDER.parent / "how-to/watch-and-limit.md").read_text(encoding="utf-8")
    alerts = ["lqs_oldest_pending_seconds", "lqs_workers_alive", "lqs_faults_total"]
    assert re.findall(r"\blqs_[a-z_]+", page) == alerts
    assert set(alerts) <= set(WATCH)


def test_every_operation_is_there() -> None:
    operations = sum(len(methods) for methods in create().openapi()["paths"].values())
    assert len(re.findall(r"^\| `[A-Z]+ /", PAGES["http.md"], re.MULTILINE)) == operations
