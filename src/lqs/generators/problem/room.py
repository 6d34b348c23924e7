"""How many mistakes of a kind the sentences of a cell have room for at most, told without writing one.

Few sentences have room for several mistakes of one rare kind. Whoever asks for such a kind alone is given those at
once; trial would write and judge thousands of others first. Too high a number costs tries, too low a one sentences.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from types import MappingProxyType

from lqs.domain.entities.problem import PERSONS, ErrorCode, Tense
from lqs.generators.french.conjugator import AGREEMENTS, COMPOUND, IMPERATIVE_PERSONS, participle
from lqs.generators.french.frames import Verb
from lqs.generators.french.joints import (
    APART_BEFORE_VOWEL,
    BEFORE_H,
    CONTRACTED,
    ELIDED,
    FORM_BEFORE_VOWEL,
    determiners_of_gender,
)
from lqs.generators.french.lexicon.words import analyses
from lqs.generators.french.markers import markers
from lqs.generators.french.regularised import regularised
from lqs.generators.french.tables.government import ESSENTIALLY_REFLEXIVE
from lqs.generators.french.tables.moods import CONDITIONAL_TOO
from lqs.generators.problem.cells import CLAUSE_SHAPES, PRONOUN_SHAPES, Cell, Shape
from lqs.generators.problem.drafts import triggers_of
from lqs.generators.problem.offered import persons_of
from lqs.generators.problem.operators.spelling import MY
from lqs.generators.problem.operators.verbs import IMPERATIVE_LOOKALIKES, form_of
from lqs.generators.problem.wanted import Wanted, admitted

_AT_MOST: MappingProxyType[ErrorCode, int] = MappingProxyType(
    {
        "agreement.subject_verb": len(PERSONS) - 1,
        "aux.choice": 1,
        "participle.agreement": len(AGREEMENTS) - 1,
        "participle.for_infinitive": 2,
        "infinitive.for_participle": 1,
        "mood.indicative": 1,
        "mood.si": 2,
        "tense.marker": 1,
        "reflexive.missing": 1,
        "negation.incomplete": 1,
        "negation.double": 1,
        "article.after_negation": 1,
        "pronoun.order": 1,
        "pronoun.category": 1,
        "pronoun.y_en": 1,
        "adjective.agreement": len(AGREEMENTS) - 1,
        "euphonic_t": 1,
        "preposition.verb": 2,
    }
)


def room(code: ErrorCode, cell: Cell) -> int:
    """The most mistakes of one kind that a sentence of a cell has room for."""
    if code not in cell.codes:
        return 0
    counted = _COUNTED.get(code)
    return counted(cell) if counted else _AT_MOST[code]


@lru_cache(maxsize=16)
def bearing(want: Wanted) -> MappingProxyType[Verb, tuple[Cell, ...]]:
    """The cells that the constraints admit, by verb; of these only such as have room for all that is wanted."""
    if not want.codes:
        return admitted(want)
    found = {
        verb: tuple(cell for cell in some if sum(room(code, cell) for code in want.codes) >= want.wrong)
        for verb, some in admitted(want).items()
    }
    return MappingProxyType({verb: some for verb, some in found.items() if some})


def _of_stem(cell: Cell) -> int:
    return _made_up_forms(cell.frame.verb.infinitive, cell.tense)


@lru_cache(maxsize=4096)
def _made_up_forms(infinitive: str, tense: Tense) -> int:
    if tense in COMPOUND:
        forms = ((place, participle(infinitive, place)) for place in AGREEMENTS)
        tried = [regularised(infinitive, "participe_passe", place, form) for place, form in forms]
    else:
        written = ((person, form_of(infinitive, tense, person)) for person in PERSONS)
        tried = [regularised(infinitive, tense, person, form) for person, form in written if form]
    return max((sum(not analyses(form) for form in set(forms)) for forms in tried), default=0)


def _of_imperative(cell: Cell) -> int:
    return _lookalikes(cell.frame.verb.infinitive)


@lru_cache(maxsize=512)
def _lookalikes(infinitive: str) -> int:
    return max(
        len({form_of(infinitive, tense, person) for tense in IMPERATIVE_LOOKALIKES} - {"", right})
        for person in IMPERATIVE_PERSONS
        for right in (form_of(infinitive, "imperatif", person),)
    )


def _of_subjunctive(cell: Cell) -> int:
    """The conditional is none where it is right, too."""
    triggers = {one.french for person in persons_of(cell) for one in triggers_of(cell, person) if one}
    return 3 if triggers.difference(CONDITIONAL_TOO) else 2


def _of_reflexive(cell: Cell) -> int:
    """Another pronoun than se is an object of most verbs: « je te lave »."""
    return 4 if cell.frame.verb.infinitive in ESSENTIALLY_REFLEXIVE else 1


def _of_negation(cell: Cell) -> int:
    compound, second = cell.tense in COMPOUND, cell.negation
    moved = 1 if second == "personne" else 2 + (compound and second in ("pas", "plus"))
    return moved + (cell.frame.verb.pronominal and cell.tense != "imperatif")


def _of_placement(cell: Cell) -> int:
    two = cell.shape is Shape.BOTH or (cell.frame.verb.pronominal and cell.shape in PRONOUN_SHAPES)
    return 1 + (cell.tense in COMPOUND) + 2 * two


def _of_pronoun(cell: Cell) -> int:
    direct, indirect = 2, 1
    return {Shape.DIRECT: direct, Shape.BOTH: direct + indirect}.get(cell.shape, indirect)


def _of_gender(cell: Cell) -> int:
    subject = 1
    return subject + sum(len([*determiners_of_gender(piece.text)]) for piece in cell.frame.complement)


def _of_joints(patterns: tuple[re.Pattern[str], ...], cell: Cell) -> int:
    times = max((_matches(marker.french, patterns) for marker in markers(cell.frame, cell.tense)), default=0)
    return times + sum(_matches(piece.text, patterns) for piece in cell.frame.complement)


def _of_little_words(pattern: re.Pattern[str], cell: Cell) -> int:
    """One more before the verb, and one more before a negated object (« pas d’eau ») or the subject of a clause."""
    parted = cell.negation is not None or cell.shape in CLAUSE_SHAPES
    return 1 + parted + _of_joints((pattern,), cell)


def _matches(text: str, patterns: tuple[re.Pattern[str], ...]) -> int:
    return sum(len(pattern.findall(text)) for pattern in patterns)


_COUNTED: MappingProxyType[ErrorCode, Callable[[Cell], int]] = MappingProxyType(
    {
        "form.stem_or_spelling": _of_stem,
        "form.imperative": _of_imperative,
        "mood.subjunctive": _of_subjunctive,
        "reflexive.person": _of_reflexive,
        "negation.order": _of_negation,
        "pronoun.placement": _of_placement,
        "pronoun.agreement": _of_pronoun,
        "np.gender": _of_gender,
        "elision": partial(_of_little_words, ELIDED),
        "h_aspire": partial(_of_little_words, BEFORE_H),
        "contraction": partial(_of_joints, (CONTRACTED, APART_BEFORE_VOWEL)),
        "before_vowel": partial(_of_joints, (FORM_BEFORE_VOWEL, MY)),
    }
)
