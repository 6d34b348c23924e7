"""Compiles the vendored dictionary into the automaton that is shipped: `python -m lqs.generators.french.lexicon.build`.

Two kinds of strings, told apart by their first byte: a form with its analyses, and a verb with its forms. Both write
the other word as the number of letters to cut off the end and what to put there, so that words that inflect alike
share their nodes.
"""

import hashlib
import lzma
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from lqs.generators.french.lexicon.automaton import Builder
from lqs.generators.french.lexicon.hunspell import TENSES, Analysis, expand

FOLDER = Path(__file__).parent
AFFIXES, DICTIONARY = FOLDER / "french.aff.xz", FOLDER / "french.dic.xz"
LEXICON, CHECKSUM = FOLDER / "french.lexicon", FOLDER / "french.lexicon.sha256"

FORM, VERB = b"F", b"V"
END = b"\x01"
"""Ends the form or the verb; below every letter, so that `a` comes before `ab` with it and without it."""

_VERB_FORMS = frozenset(TENSES.values())


def cut(word: str, other: str) -> str:
    """How `word` becomes `other`: a letter (A: cut nothing, B: one letter, ...) and what to put there."""
    shared = 0
    while shared < min(len(word), len(other)) and word[shared] == other[shared]:
        shared += 1
    return chr(ord("A") + len(word) - shared) + other[shared:]


def paste(word: str, change: str) -> str:
    """What `word` becomes by a change that `cut` described."""
    return word[: len(word) - (ord(change[0]) - ord("A"))] + change[1:]


def source_analyses() -> set[Analysis]:
    """Every analysis in the vendored source."""
    texts = (lzma.decompress(path.read_bytes()).decode() for path in (AFFIXES, DICTIONARY))
    return set(expand(*texts))


def compiled(analyses: Iterable[Analysis]) -> bytes:
    """The automaton of these analyses. Words of more than 57 letters have no place in it."""
    forms: dict[str, set[bytes]] = defaultdict(set)
    verbs: dict[str, set[bytes]] = defaultdict(set)
    for form, lemma, what in sorted(analyses):
        forms[form].add(f"{cut(form, lemma)}\t{what}".encode())
        if what.split(" ")[0] in _VERB_FORMS:
            verbs[lemma].add(f"{what}\t{cut(lemma, form)}".encode())
    builder = Builder()
    return builder.buffer(
        builder.node(
            [
                (FORM[0], False, _section(builder, forms)),
                (VERB[0], False, _section(builder, verbs)),
            ]
        )
    )


def _section(builder: Builder, entries: Mapping[str, set[bytes]]) -> int:
    ends: dict[frozenset[bytes], int] = {}
    for entry in entries.values():
        key = frozenset(entry)
        if key not in ends:
            ends[key] = builder.tree((string, 0) for string in sorted(key))
    words = sorted((word.encode() + END, ends[frozenset(entry)]) for word, entry in entries.items())
    return builder.tree(words)


def main() -> None:
    """Write the lexicon and its checksum beside the source."""
    content = compiled(source_analyses())
    LEXICON.write_bytes(content)
    CHECKSUM.write_text(f"{hashlib.sha256(content).hexdigest()}  {LEXICON.name}\n")


if __name__ == "__main__":
    main()
