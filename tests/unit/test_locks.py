"""What the project is built from is named by content, never by an address, which may change hands."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ["requirements.txt", "requirements-dev.txt"]
NODE = "tools/openapi/package-lock.json"


@pytest.mark.parametrize("lock", [*PYTHON, NODE])
def test_no_lock_carries_an_address(lock: str) -> None:
    assert re.findall(r"\w+://\S+", (ROOT / lock).read_text()) == []


@pytest.mark.parametrize("lock", PYTHON)
def test_every_python_package_is_named_with_its_hashes(lock: str) -> None:
    packages = re.split(r"^(?=[\w.\[\]-]+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert packages
    assert [package.splitlines()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_every_package_of_the_linters_is_named_with_its_hash() -> None:
    packages = json.loads((ROOT / NODE).read_text())["packages"]
    assert len(packages) > 1
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
