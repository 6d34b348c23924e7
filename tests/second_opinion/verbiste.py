"""Asks Verbiste, a conjugator of other authors (a program of its own, never imported), for whole paradigms."""

import shutil
import subprocess
from collections.abc import Iterable

PROGRAM = "french-conjugator"

_INFINITIVE = "- infinitive present:\n"

_TENSES = {
    "indicative present": "present",
    "indicative imperfect": "imparfait",
    "indicative future": "futur",
    "indicative past": "passe_simple",
    "conditional present": "conditionnel_present",
    "subjunctive present": "subjonctif_present",
    "subjunctive imperfect": "subjonctif_imparfait",
    "imperative present": "imperatif",
    "participle present": "participe_present",
    "participle past": "participe_passe",
}
_COLUMNS = {"imperatif": ("2s", "1p", "2p"), "participe_present": ("",), "participe_passe": ("ms", "mp", "fs", "fp")}
_PERSONS = ("1s", "2s", "3s", "1p", "2p", "3p")

Paradigm = dict[tuple[str, str], frozenset[str]]
"""The accepted forms by tense and person (or agreement)."""


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


def paradigms(verbs: Iterable[str]) -> dict[str, Paradigm]:
    """What Verbiste prints for each verb; a verb it does not know is left out."""
    asked = "".join(f"{verb}\n" for verb in verbs)
    done = subprocess.run([PROGRAM], input=asked, capture_output=True, text=True, check=True, timeout=200)
    blocks = (block for block in done.stdout.split("\n-\n") if _INFINITIVE in block)
    return {block.partition(_INFINITIVE)[2].split("\n")[0]: _paradigm(block) for block in blocks}


def _paradigm(printed: str) -> Paradigm:
    forms: Paradigm = {}
    tense, column = "", 0
    for line in printed.splitlines():
        if line.startswith("- "):
            tense, column = _TENSES.get(line[2:].rstrip(":"), ""), 0
            forms.update({(tense, place): frozenset() for place in _COLUMNS.get(tense, _PERSONS) if tense})
        elif tense and line != "-":
            columns = _COLUMNS.get(tense, _PERSONS)
            forms[tense, columns[column]] = frozenset(filter(None, line.split(", ")))
            column += 1
    return forms
