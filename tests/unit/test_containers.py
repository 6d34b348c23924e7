"""What can be known of the files for containers without an engine to run them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lqs.cli import completion
from lqs.settings import load

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "lqs"}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMMANDS = {
    line.split("\t")[0] for line in Path(completion.__file__).with_suffix(".txt").read_text("utf-8").splitlines()
}
NEEDED = re.compile(r"\$\{\w+:\?[^}]*\}")


def test_there_is_everything_that_the_service_consists_of() -> None:
    assert set(COMPOSE["services"]) == {"postgres", "kafka", "migrate", "topics", "api", "worker"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_with_a_value_that_it_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in OURS[name]["environment"].items():
        assert variable.startswith("LQS_")
        monkeypatch.setenv(variable, NEEDED.sub("chosen", str(value)))
    settings = load()
    assert settings.database_url == "postgresql://lqs:chosen@postgres:5432/lqs"
    assert settings.kafka_bootstrap_servers == "kafka:9092"


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    assert " ".join(OURS[name]["command"]) in COMMANDS


def test_nothing_starts_before_what_it_needs() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in COMPOSE["services"].items()}
    for name in ("api", "worker"):
        assert {other: how["condition"] for other, how in needs[name].items()} == {
            "migrate": "service_completed_successfully",
            "topics": "service_completed_successfully",
        }
    for name, other in (("migrate", "postgres"), ("topics", "kafka")):
        assert needs[name][other]["condition"] == "service_healthy"
        assert "healthcheck" in COMPOSE["services"][other]


def test_a_worker_may_finish_what_it_has_begun() -> None:
    stop = int(COMPOSE["services"]["worker"]["stop_grace_period"].removesuffix("s"))
    assert stop > load().graceful_stop_seconds + 15


def test_the_api_listens_where_it_is_published_and_on_this_machine_only() -> None:
    api = COMPOSE["services"]["api"]
    assert api["ports"] == [f"127.0.0.1:8421:{load().api_port}"]
    assert api["environment"]["LQS_API_HOST"] == "0.0.0.0"  # noqa: S104  # compared, not listened on
    assert f"EXPOSE {load().api_port}" in DOCKERFILE


def test_the_images_of_others_have_versions_and_the_broker_that_of_the_tests() -> None:
    kafka = re.search(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", (ROOT / "broker/pom.xml").read_text("utf-8"))
    assert kafka is not None
    assert COMPOSE["services"]["kafka"]["image"] == f"apache/kafka:{kafka[1]}"
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"


def test_the_image_is_built_from_files_that_are_there_and_sent_to_the_engine() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)
