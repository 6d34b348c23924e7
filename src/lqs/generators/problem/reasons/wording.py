"""The words that explanations share: names of tenses, persons and agreements, and whom a pronoun stands for."""

from collections.abc import Callable, Container
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import PERSONS
from lqs.generators.french.conjugator import COMPOUND
from lqs.generators.french.frames import Role
from lqs.generators.french.proof.contrast import contrast
from lqs.generators.french.subjects import Subject
from lqs.generators.problem.drafts import Draft, Right

TENSE_NAMES = MappingProxyType(
    {
        "present": "présent",
        "imparfait": "imparfait",
        "passe_simple": "passé simple",
        "futur": "futur",
        "passe_compose": "passé composé",
        "plus_que_parfait": "plus-que-parfait",
        "futur_anterieur": "futur antérieur",
        "conditionnel_present": "conditionnel présent",
        "conditionnel_passe": "conditionnel passé",
        "subjonctif_present": "subjonctif présent",
        "subjonctif_passe": "subjonctif passé",
        "imperatif": "impératif",
    }
)
AGREEMENT_NAMES = MappingProxyType(
    {"ms": "masculine singular", "fs": "feminine singular", "mp": "masculine plural", "fp": "feminine plural"}
)
_PERSON_NAMES = MappingProxyType(
    {
        "1s": "first person singular",
        "2s": "second person singular",
        "3s": "third person singular",
        "1p": "first person plural",
        "2p": "second person plural",
        "3p": "third person plural",
    }
)
_PRONOUNS = MappingProxyType(
    {"1s": "je", "2s": "tu", "3s": "il/elle/on", "1p": "nous", "2p": "vous", "3p": "ils/elles"}
)
_WHO = MappingProxyType(
    {
        "je": {"ms": "a man is speaking", "fs": "a woman is speaking"},
        "tu": {"ms": "said to a man", "fs": "said to a woman"},
        "nous": {"mp": "men, or men and women, are speaking", "fp": "women are speaking"},
        "vous": {
            "ms": "said to one man",
            "fs": "said to one woman",
            "mp": "said to men, or to men and women",
            "fp": "said to women",
        },
    }
)
"""Whom a pronoun of open gender stands for, where the sentence shows it."""


class Difference(NamedTuple):
    """A right statement, a wrong one, and the words in which that differs: `found` for `correction`."""

    right: Right
    wrong: str
    found: str
    correction: str

    @property
    def draft(self) -> Draft:
        """What was chosen about the right statement."""
        return self.right.draft

    @property
    def forms(self) -> tuple[str, str]:
        """The one word that differs, right and wrong; all words that differ where there are several."""
        found = contrast(self.right.text, self.wrong)
        if found is None or found.pair is None:
            return self.correction, self.found
        return found.pair[0].form, found.pair[1].form


Writer = Callable[[Difference], str]
"""Writes why a statement is wrong; what it should be is written elsewhere."""


def person(draft: Draft) -> str:
    """The subject's person; a “vous” that is seen to be one person would contradict “plural”."""
    subject = draft.subject
    if subject.text == "vous" and shows_gender(draft) and draft.agreement.endswith("s"):
        return "“vous” takes the second person plural of the verb even when it is one person"
    return f"“{subject.text}” is {_PERSON_NAMES[subject.person]}"


def pronoun(draft: Draft) -> str:
    """The pronoun that stands for the subject's person in tables: il/elle/on for “ma sœur”."""
    return _PRONOUNS[draft.person]


def shows_gender(draft: Draft) -> bool:
    """Whether participle or adjective show the subject's gender."""
    shown = draft.cell.tense in COMPOUND and draft.agrees_with_subject
    return shown or draft.cell.frame.piece(Role.ATTRIBUTE) is not None


def who(draft: Draft) -> str:
    """Whom je, tu, nous or vous is here, in brackets; empty where the sentence does not show it."""
    found = _WHO.get(draft.subject.text, {}).get(draft.agreement)
    return f" (here {found})" if found and shows_gender(draft) else ""


def owners(persons: Container[str]) -> str:
    """The pronouns of some persons: “je” or “tu”."""
    return " or ".join(f"“{_PRONOUNS[one]}”" for one in PERSONS if one in persons)


def gender_and_number(subject: Subject) -> str:
    """What is known of the subject whoever speaks."""
    if len(subject.accepted) == 1:
        return AGREEMENT_NAMES[subject.accepted[0]]
    return "singular" if subject.person.endswith("s") else "plural"
