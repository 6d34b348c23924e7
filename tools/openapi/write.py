"""Writes the OpenAPI document of this commit, so that a change of it is seen in a review."""

import json
from pathlib import Path

from lqs.api.app import create

DOCUMENT = Path(__file__).parents[2] / "docs/reference/openapi.json"

DOCUMENT.write_text(json.dumps(create().openapi(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
