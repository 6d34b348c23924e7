"""Which verbs form their compound tenses with être, after Grevisse, "Le bon usage", on the auxiliaries."""

from enum import StrEnum


class Auxiliary(StrEnum):
    """The auxiliary of a verb that is not reflexive. EITHER depends on the sense or the object."""

    AVOIR = "avoir"
    ETRE = "être"
    EITHER = "either"


_ETRE = """
advenir aller arriver décéder devenir échoir intervenir mourir naître naitre obvenir partir parvenir provenir
redevenir repartir rester retomber revenir souvenir survenir venir
"""
_MOVEMENT = """
descendre entrer monter passer redescendre remonter rentrer repasser ressortir retourner sortir tomber
"""
_OTHERS = """
accourir apparaître apparaitre disparaître disparaitre échapper échouer réapparaître réapparaitre ressusciter
"""

ETRE = frozenset(_ETRE.split())
"""Verbs that always take être."""

TRANSITIVE_WITH_AVOIR = frozenset(_MOVEMENT.split())
"""Verbs that surely take avoir before a direct object (« elle a monté la valise ») and usually être without one."""

EITHER = TRANSITIVE_WITH_AVOIR | frozenset(_OTHERS.split())
"""Verbs that take both; those that do not mean movement, even in one sense (« il a, il est accouru »)."""


def auxiliary(infinitive: str) -> Auxiliary:
    """The auxiliary of a verb used without a reflexive pronoun."""
    if infinitive in EITHER:
        return Auxiliary.EITHER
    return Auxiliary.ETRE if infinitive in ETRE else Auxiliary.AVOIR
