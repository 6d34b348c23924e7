"""Asks Grammalecte, a grammar checker of other authors (a program of its own, never imported), about sentences."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PROGRAM = "grammalecte-cli"


class Alarm(NamedTuple):
    """What it says against a sentence: the rule, the words, and why."""

    rule: str
    words: str
    sentence: str
    message: str


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


def alarms(sentences: Sequence[str]) -> Iterator[Alarm]:
    """Every alarm over some sentences, each judged by itself."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sentences.txt"
        file.write_text("\n".join(sentences) + "\n", encoding="utf-8")
        done = subprocess.run([PROGRAM, "-f", str(file), "-j"], capture_output=True, text=True, check=True, timeout=900)
    for paragraph in json.loads(done.stdout)["data"]:
        sentence = sentences[paragraph["iParagraph"] - 1]
        for error in paragraph["lGrammarErrors"]:
            words = sentence[error["nStart"] : error["nEnd"]]
            yield Alarm(error["sRuleId"], words, sentence, error["sMessage"])
        for error in paragraph["lSpellingErrors"]:
            yield Alarm("spelling", error["sValue"], sentence, "unknown word")
