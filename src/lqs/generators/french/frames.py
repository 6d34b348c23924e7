"""What the verbs are used for: complements that make sense, the times they go with, and what they mean in English."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lqs.domain.entities.problem import LEVELS, TOPICS, Level, Topic
from lqs.generators.french.conjugator import auxiliary_for

_TABLE = Path(__file__).parent / "frames.txt"
_PIECE = re.compile(
    r"\[(?P<direct>[^\]]*)\]|<(?P<indirect>[^>]*)>|\{(?!poss\})(?P<place>[^{}]*)\}|\((?P<source>[^)]*)\)"
)


class Role(StrEnum):
    """What a piece of a complement is to the verb.

    Only the first four can become a pronoun; an attribute agrees with the subject.
    """

    DIRECT = "direct"
    INDIRECT = "indirect"
    PLACE = "place"
    SOURCE = "source"
    ATTRIBUTE = "attribute"
    REST = "rest"


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of the complement, in French or English. A `fixed` one does not become a pronoun."""

    role: Role
    text: str
    fixed: bool = False
    person: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A verb as we use it; `name` is its dictionary form, `se laver` or `s’habiller` for a reflexive one."""

    name: str
    infinitive: str
    pronominal: bool


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One use of a verb.

    `habits` and `past` are keys of markers that go with it; see `markers`. A `lasting` one goes on for a while; a
    `mishap` is what one is sorry for and does not plan.
    `direct` is the direct object, `helper` the auxiliary of compound tenses.
    """

    verb: Verb
    complement: tuple[Piece, ...]
    english: tuple[Piece, ...]
    topic: Topic
    level: Level
    habits: str
    past: str
    state: bool
    imperative: bool
    born: bool
    lasting: bool
    mishap: bool
    pieces: Mapping[Role, Piece]
    direct: Piece | None
    helper: str

    def piece(self, role: Role) -> Piece | None:
        """The French piece with this role; the first of them."""
        return self.pieces.get(role)


def _pieces(text: str) -> tuple[Piece, ...]:
    found: list[Piece] = []
    at = 0
    for match in _PIECE.finditer(text):
        if between := text[at : match.start()].strip():
            found.append(Piece(Role.REST, between.removeprefix("!")))
        role = Role(match.lastgroup or "")
        inner = match[role]
        found.append(Piece(role, inner.lstrip("!*"), fixed="!" in inner, person="*" in inner))
        at = match.end()
    if rest := text[at:].strip():
        role = Role.ATTRIBUTE if rest.startswith("@") else Role.REST
        found.append(Piece(role, rest.lstrip("!@")))
    return tuple(found)


def _verb(name: str) -> Verb:
    bare = name.removeprefix("se ").removeprefix("s’")
    return Verb(name, bare, bare != name)


@cache
def _read() -> tuple[MappingProxyType[str, Verb], tuple[Frame, ...]]:
    verbs: dict[str, Verb] = {}
    frames: list[Frame] = []
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, french, english, about, times, flags = (cell.strip() for cell in line.split("|"))
        topic, level = about.split()
        habits, past = times.split("/")
        verb = verbs.setdefault(name, _verb(name))
        complement = _pieces(french)
        pieces = MappingProxyType({piece.role: piece for piece in reversed(complement)})
        direct = pieces.get(Role.DIRECT)
        frames.append(
            Frame(
                verb,
                complement,
                _pieces(english),
                next(known for known in TOPICS if known == topic),
                next(known for known in LEVELS if known == level),
                habits,
                past,
                state="s" in flags,
                imperative=not set(flags) & set("sib"),
                born="b" in flags,
                lasting="d" in flags,
                mishap="m" in flags,
                pieces=pieces,
                direct=direct,
                helper=auxiliary_for(verb.infinitive, pronominal=verb.pronominal, direct_object=direct is not None),
            )
        )
    return MappingProxyType(verbs), tuple(frames)


def verbs() -> MappingProxyType[str, Verb]:
    """Every verb by its dictionary name."""
    return _read()[0]


def frames() -> tuple[Frame, ...]:
    """Every use of every verb."""
    return _read()[1]
