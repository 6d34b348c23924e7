"""What verbs govern: the reflexive pronoun, direct and indirect objects, à or de before an infinitive.

Only verbs of which dictionaries allow one construction stand here; of the others nothing can be proven.
"""

from types import MappingProxyType

_REFLEXIVE = """
absenter accouder accroupir acharner affairer agenouiller blottir désister ébattre écrier écrouler efforcer emparer
empresser enfuir envoler éprendre évader évanouir exclamer fier ingénier insurger lamenter méfier méprendre moquer
obstiner pavaner prosterner raviser rebeller réfugier repentir soucier souvenir suicider tapir
"""
_NEVER_WITHOUT = "absenter désister écrier efforcer emparer exclamer ingénier lamenter méfier soucier souvenir"
_NEEDING = "dépêcher endormir promener réveiller habiller lever asseoir assoir"
_INDIRECT = "parler plaire téléphoner succéder sourire mentir ressembler nuire déplaire suffire survivre répondre"
_EITHER_REFLEXIVE = """
acheter apporter demander dire donner écrire envoyer expliquer imaginer lire montrer offrir pardonner permettre prêter
promettre raconter rappeler rendre reprocher
"""
_ONLY_DIRECT = """
accompagner attendre chercher déranger écouter féliciter inviter regarder remercier rencontrer saluer surveiller
suivre adorer détester visiter ranger nettoyer oublier
"""
_ONLY_INDIRECT = """
appartenir désobéir mentir nuire obéir plaire déplaire ressembler sourire succéder survivre téléphoner
"""
_DE = """
accepter arrêter cesser choisir craindre décider éviter essayer finir mériter oublier promettre proposer refuser
regretter rêver risquer tenter
"""
_A = "apprendre arriver chercher parvenir renoncer réussir tenir"
_BARE = "devoir falloir pouvoir savoir vouloir"

ESSENTIALLY_REFLEXIVE = frozenset(_REFLEXIVE.split())
"""Verbs that exist only with a reflexive pronoun, so that no other pronoun can stand there as an object."""

NEVER_WITHOUT_REFLEXIVE = frozenset(_NEVER_WITHOUT.split())
"""Those of them whose participle is no adjective: « il est évanoui, enfui, agenouillé » is right French."""

REFLEXIVE_WITHOUT_OBJECT = frozenset(_NEEDING.split())
"""Verbs that, said of a person and without a direct object, need their reflexive pronoun."""

INDIRECTLY_REFLEXIVE = frozenset(_INDIRECT.split())
"""Verbs whose reflexive pronoun is an indirect object: « elles se sont parlé »."""

EITHER_REFLEXIVE = frozenset(_EITHER_REFLEXIVE.split())
"""Verbs whose reflexive pronoun may be either object: « elles se sont écrit, elles se sont offertes »."""

ONLY_DIRECT = frozenset(_ONLY_DIRECT.split())
"""Verbs whose object without preposition never becomes lui or leur, when there is no other object."""

ONLY_INDIRECT = frozenset(_ONLY_INDIRECT.split())
"""Verbs whose object takes à and so never becomes le, la or les."""

INFINITIVE_WITH = MappingProxyType(
    {
        **dict.fromkeys(_DE.split(), "de"),
        **dict.fromkeys(_A.split(), "à"),
        **dict.fromkeys(_BARE.split(), ""),
    }
)
"""The preposition before an infinitive, for verbs that allow one only; empty: none at all."""

NEGATED_BY_NE_ALONE = frozenset({"pouvoir", "savoir", "oser", "cesser", "bouger", "avoir", "être"})
"""Verbs that are found negated by ne alone."""

GENERIC_OBJECTS = frozenset({"aimer", "adorer", "détester", "préférer"})
"""Verbs whose object keeps its definite article when negated: « je n’aime pas le café »."""
