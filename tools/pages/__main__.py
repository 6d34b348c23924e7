"""Writes the pages that are generated from the code: `python -m tools.pages FOLDER`."""

import sys
from pathlib import Path

from tools.pages.every import everything

for name, text in everything().items():
    (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
