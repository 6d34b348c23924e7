"""A sentence of this grammar, written to text and read back from it."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from lqs.domain.entities.problem import Tense
from lqs.generators.french.frames import INNER_ADVERBS, MARKER_TEXTS
from lqs.generators.french.orthography import capitalised, join
from lqs.generators.french.subjects import SUBJECTS, Subject
from lqs.generators.french.verbs import Objects, Verb

Number = Literal["s", "p"]

_CLITIC = re.compile(r"(?:(me|te|se|nous|vous) |([mts])’)")
_ARTICLES = re.compile(r"(?:(?P<s>le |la |l’|un |une )|(?P<p>les ))")
_PARTITIVES = re.compile(r"(?:(?P<s>le |la |l’|un |une |du |de la |de l’)|(?P<p>les |des ))")
_BY_LENGTH = tuple(sorted(SUBJECTS.values(), key=lambda subject: -len(subject.text)))


class VerbGroup(NamedTuple):
    """The words that carry person, auxiliary and agreement; a word the tense or verb lacks is empty."""

    clitic: str
    finite: str
    participle: str


class Sentence(NamedTuple):
    """One statement in its parts: « Hier, (lead) Marie (subject) s’est (clitic, finite) déjà (adverb) levée ... »."""

    lead: str
    subject: Subject
    group: VerbGroup
    adverb: str
    complement: str
    tail: str

    @property
    def text(self) -> str:
        """The sentence as it is printed."""
        group = self.group
        clause = join(
            [
                self.subject.text,
                group.clitic,
                group.finite,
                self.adverb,
                group.participle,
                self.complement,
                self.tail,
            ]
        )
        return capitalised(f"{self.lead}, {clause}." if self.lead else f"{clause}.")


def direct_object(verb: Verb, complement: str) -> Number | None:
    """The number of the direct object that follows the verb, None if none follows."""
    if verb.objects is Objects.NONE:
        return None
    found = (_PARTITIVES if verb.objects is Objects.PARTITIVE else _ARTICLES).match(complement)
    if not found:
        return None
    return "s" if found["s"] else "p"


@lru_cache(maxsize=1024)
def read(text: str, verb: Verb, tense: Tense) -> Sentence | None:
    """The parts of a statement about `verb` in `tense`; None if it is not spelled and built as this grammar writes.

    The words of the verb group are taken as they are, right or wrong. Elision, capitals and spaces have to be right.
    """
    lead, clause = _split_lead(text.removesuffix("."))
    found = _split_subject(clause)
    if not found:
        return None
    subject, rest = found
    clitic = ""
    if verb.pronominal:
        matched = _CLITIC.match(rest)
        if not matched:
            return None
        clitic = matched[1] or matched[2] + "e"
        rest = rest[matched.end() :]
    finite, _, rest = rest.partition(" ")
    adverb, rest = _split_adverb(rest)
    participle = ""
    if tense == "passe_compose":
        participle, _, rest = rest.partition(" ")
    complement, tail = _split_tail(rest)
    sentence = Sentence(lead, subject, VerbGroup(clitic, finite, participle), adverb, complement, tail)
    return sentence if sentence.text == text else None


def _split_lead(clause: str) -> tuple[str, str]:
    lead, comma, rest = clause.partition(", ")
    lowered = lead[:1].lower() + lead[1:]
    return (lowered, rest) if comma and lowered in MARKER_TEXTS else ("", clause)


def _split_subject(clause: str) -> tuple[Subject, str] | None:
    lowered = clause.lower()
    if lowered.startswith("j’"):
        return SUBJECTS["je"], clause[2:]
    for subject in _BY_LENGTH:
        if lowered.startswith(subject.text.lower() + " "):
            return subject, clause[len(subject.text) + 1 :]
    return None


def _split_adverb(rest: str) -> tuple[str, str]:
    first, _, after = rest.partition(" ")
    return (first, after) if first in INNER_ADVERBS else ("", rest)


def _split_tail(rest: str) -> tuple[str, str]:
    if rest in MARKER_TEXTS:
        return "", rest
    for marker in MARKER_TEXTS:
        if rest.endswith(f" {marker}"):
            return rest.removesuffix(f" {marker}"), marker
    return rest, ""
