"""The page at /docs is made of files of another project, as that project published them."""

import hashlib
import json
from pathlib import Path

import lqs.api

FOLDER = Path(lqs.api.__file__).parent / "swagger_ui"
OWN = {"page.html", "page.js", "vendor.json"}


def test_every_file_of_another_project_is_as_it_was_published() -> None:
    vendored = json.loads((FOLDER / "vendor.json").read_text(encoding="utf-8"))

    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FOLDER.iterdir() if file.name not in OWN
    }
    assert found == vendored["sha256"]


def test_its_licence_and_notice_stand_beside() -> None:
    assert "Apache License" in (FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert "SmartBear" in (FOLDER / "NOTICE").read_text(encoding="utf-8")


def test_nothing_in_the_page_is_inline_or_comes_from_elsewhere() -> None:
    page = (FOLDER / "page.html").read_text(encoding="utf-8")

    assert "//" not in page.replace("<!doctype html>", "")
    assert page.count("<script") == page.count('<script src="docs/')
    assert "<style" not in page
    assert "validatorUrl: null" in (FOLDER / "page.js").read_text(encoding="utf-8")
