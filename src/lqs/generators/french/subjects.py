"""The subjects of our sentences: pronouns, and nouns and names of known gender and number."""

from dataclasses import dataclass
from types import MappingProxyType

from lqs.domain.entities.problem import Person

AGREEMENTS = ("ms", "fs", "mp", "fp")
"""Gender and number a participle can show: masculine or feminine, singular or plural."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One subject. `agreements` are those we write with it; `tolerated` are right too, though we do not write them."""

    text: str
    person: Person
    agreements: tuple[str, ...]
    english: str
    possessive: str
    tolerated: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every agreement that is right with this subject."""
        return self.agreements + self.tolerated


_TABLE = (
    Subject("je", "1s", ("ms", "fs"), "I", "my"),
    Subject("tu", "2s", ("ms", "fs"), "you", "your"),
    Subject("il", "3s", ("ms",), "he", "his"),
    Subject("elle", "3s", ("fs",), "she", "her"),
    # The nous of modesty or majesty stands for one person: « nous sommes convaincu ».
    Subject("nous", "1p", ("mp", "fp"), "we", "our", tolerated=("ms", "fs")),
    Subject("vous", "2p", AGREEMENTS, "you", "your"),
    Subject("ils", "3p", ("mp",), "they", "their"),
    Subject("elles", "3p", ("fp",), "they", "their"),
    Subject("Marie", "3s", ("fs",), "Marie", "her"),
    Subject("Paul", "3s", ("ms",), "Paul", "his"),
    Subject("ma sœur", "3s", ("fs",), "my sister", "her"),
    Subject("mon père", "3s", ("ms",), "my father", "his"),
    Subject("ma tante", "3s", ("fs",), "my aunt", "her"),
    Subject("mon oncle", "3s", ("ms",), "my uncle", "his"),
    Subject("mes parents", "3p", ("mp",), "my parents", "their"),
    Subject("mes sœurs", "3p", ("fp",), "my sisters", "their"),
    Subject("mes cousins", "3p", ("mp",), "my cousins", "their"),
    Subject("mes cousines", "3p", ("fp",), "my cousins", "their"),
    Subject("Paul et Sophie", "3p", ("mp",), "Paul and Sophie", "their"),
    Subject("Marie et Léa", "3p", ("fp",), "Marie and Léa", "their"),
)

SUBJECTS = MappingProxyType({subject.text: subject for subject in _TABLE})
"""Every subject by its text, written as in the middle of a sentence."""
