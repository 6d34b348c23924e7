"""The mistakes learners make: each operator turns a right verb group into wrong ones.

Operators only propose. Whether a proposal is surely wrong is for `contrast` to say.
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode, Person
from lqs.generators.french import conjugation
from lqs.generators.french.sentence import VerbGroup
from lqs.generators.french.verbs import Auxiliary, Verb

Operator = Callable[[Verb, Person, VerbGroup], Iterator[VerbGroup]]


def wrong_person(verb: Verb, person: Person, right: VerbGroup) -> Iterator[VerbGroup]:
    """The finite verb in each of the other persons."""
    forms = conjugation.PRESENT[verb]
    if right.participle:
        forms = conjugation.AVOIR if right.finite in conjugation.AVOIR else conjugation.ETRE
    return (right._replace(finite=form) for form in dict.fromkeys(forms) if form != right.finite)


def wrong_auxiliary(verb: Verb, person: Person, right: VerbGroup) -> Iterator[VerbGroup]:
    """The other auxiliary, with the participle left bare, as one writes it with avoir."""
    if right.participle:
        other = conjugation.ETRE if right.finite in conjugation.AVOIR else conjugation.AVOIR
        bare = conjugation.participle(verb, "ms")
        yield right._replace(finite=conjugation.auxiliary(other, person), participle=bare)


def wrong_agreement(verb: Verb, person: Person, right: VerbGroup) -> Iterator[VerbGroup]:
    """The participle of an être verb in the other genders and numbers."""
    if right.participle and verb.auxiliary is not Auxiliary.AVOIR and right.finite in conjugation.ETRE:
        for form in dict.fromkeys(conjugation.PARTICIPLES[verb].values()):
            if form != right.participle:
                yield right._replace(participle=form)


def wrong_reflexive(verb: Verb, person: Person, right: VerbGroup) -> Iterator[VerbGroup]:
    """The reflexive pronoun of each of the other persons."""
    if verb.pronominal:
        for clitic in dict.fromkeys(conjugation.REFLEXIVES):
            if clitic != right.clitic:
                yield right._replace(clitic=clitic)


OPERATORS: MappingProxyType[ErrorCode, Operator] = MappingProxyType(
    {
        "agreement.subject_verb": wrong_person,
        "aux.choice": wrong_auxiliary,
        "participle.agreement": wrong_agreement,
        "reflexive.person": wrong_reflexive,
    }
)
