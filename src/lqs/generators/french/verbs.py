"""The verbs this grammar knows, and what no rule can tell of each: facts that any reference conjugator gives."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Auxiliary(StrEnum):
    """Which auxiliary the compound tenses take. EITHER depends on the sense, so swapping it is never a sure error."""

    AVOIR = "avoir"
    ETRE = "être"
    EITHER = "either"


class Objects(StrEnum):
    """Which noun phrase right after the verb is its direct object."""

    NONE = "none"  # none ever is
    ARTICLE = "article"  # le, la, les, un, une; du and des are the preposition de (descendre du train)
    PARTITIVE = "partitive"  # du, de la and des as well (boire du café)


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """One verb. `present` and `participle` are empty where the rules of `conjugation` give them from the infinitive.

    A `participle` of four words gives its forms ms, fs, mp and fp, where the usual endings would not.

    `essential` verbs exist only with a reflexive pronoun, so no other pronoun can stand there as an object.
    """

    infinitive: str
    auxiliary: Auxiliary
    objects: Objects
    present: str = ""
    participle: str = ""
    pronominal: bool = False
    essential: bool = False

    @property
    def name(self) -> str:
        """The infinitive as dictionaries show it: `se laver`, `s’habiller`."""
        if not self.pronominal:
            return self.infinitive
        return f"s’{self.infinitive}" if self.infinitive[0] in "aeéêiouh" else f"se {self.infinitive}"


def _avoir(infinitive: str, objects: Objects, present: str = "", participle: str = "") -> Verb:
    return Verb(infinitive, Auxiliary.AVOIR, objects, present, participle)


def _etre(infinitive: str, present: str = "", participle: str = "") -> Verb:
    return Verb(infinitive, Auxiliary.ETRE, Objects.NONE, present, participle)


def _either(infinitive: str, present: str = "", participle: str = "") -> Verb:
    return Verb(infinitive, Auxiliary.EITHER, Objects.ARTICLE, present, participle)


def _reflexive(infinitive: str, present: str = "", participle: str = "", objects: Objects = Objects.NONE) -> Verb:
    return Verb(infinitive, Auxiliary.ETRE, objects, present, participle, pronominal=True)


def _essential(infinitive: str, present: str = "", participle: str = "") -> Verb:
    return Verb(infinitive, Auxiliary.ETRE, Objects.NONE, present, participle, pronominal=True, essential=True)


NONE, ARTICLE, PARTITIVE = Objects.NONE, Objects.ARTICLE, Objects.PARTITIVE

_TABLE = (
    _avoir("être", NONE, "suis es est sommes êtes sont", "été été été été"),
    _avoir("avoir", PARTITIVE, "ai as a avons avez ont", "eu"),
    _avoir("pouvoir", NONE, "peux peux peut pouvons pouvez peuvent", "pu pu pu pu"),
    _avoir("vouloir", PARTITIVE, "veux veux veut voulons voulez veulent", "voulu"),
    _avoir("devoir", NONE, "dois dois doit devons devez doivent", "dû due dus dues"),
    _avoir("savoir", PARTITIVE, "sais sais sait savons savez savent", "su"),
    _avoir("parler", NONE),
    _avoir("manger", PARTITIVE),
    _avoir("commencer", PARTITIVE),
    _avoir("regarder", PARTITIVE),
    _avoir("écouter", PARTITIVE),
    _avoir("travailler", NONE),
    _avoir("acheter", PARTITIVE),
    _avoir("chercher", PARTITIVE),
    _avoir("préparer", PARTITIVE),
    _avoir("répéter", PARTITIVE),
    _avoir("visiter", PARTITIVE),
    _avoir("jouer", NONE),
    _avoir("étudier", PARTITIVE),
    _avoir("nager", NONE),
    _avoir("voyager", NONE),
    _avoir("nettoyer", PARTITIVE),
    _avoir("téléphoner", NONE),
    _avoir("finir", PARTITIVE),
    _avoir("choisir", PARTITIVE),
    _avoir("remplir", PARTITIVE),
    _avoir("vendre", PARTITIVE),
    _avoir("attendre", PARTITIVE),
    _avoir("répondre", NONE),
    _avoir("perdre", PARTITIVE),
    _avoir("faire", PARTITIVE, "fais fais fait faisons faites font", "fait"),
    _avoir("prendre", PARTITIVE, "prends prends prend prenons prenez prennent", "pris"),
    _avoir("apprendre", PARTITIVE, "apprends apprends apprend apprenons apprenez apprennent", "appris"),
    _avoir("comprendre", PARTITIVE, "comprends comprends comprend comprenons comprenez comprennent", "compris"),
    _avoir("boire", PARTITIVE, "bois bois boit buvons buvez boivent", "bu"),
    _avoir("lire", PARTITIVE, "lis lis lit lisons lisez lisent", "lu"),
    _avoir("écrire", PARTITIVE, "écris écris écrit écrivons écrivez écrivent", "écrit"),
    _avoir("dire", PARTITIVE, "dis dis dit disons dites disent", "dit"),
    _avoir("voir", PARTITIVE, "vois vois voit voyons voyez voient", "vu"),
    _avoir("mettre", PARTITIVE, "mets mets met mettons mettez mettent", "mis"),
    _avoir("ouvrir", PARTITIVE, "ouvre ouvres ouvre ouvrons ouvrez ouvrent", "ouvert"),
    _avoir("recevoir", PARTITIVE, "reçois reçois reçoit recevons recevez reçoivent", "reçu"),
    _avoir("dormir", NONE, "dors dors dort dormons dormez dorment", "dormi"),
    _avoir("courir", NONE, "cours cours court courons courez courent", "couru"),
    _etre("aller", "vais vas va allons allez vont", "allé"),
    _etre("venir", "viens viens vient venons venez viennent", "venu"),
    _etre("revenir", "reviens reviens revient revenons revenez reviennent", "revenu"),
    _etre("arriver"),
    _etre("partir", "pars pars part partons partez partent", "parti"),
    _etre("rester"),
    _etre("naître", "nais nais naît naissons naissez naissent", "né"),
    _either("entrer"),
    _either("rentrer"),
    _either("monter"),
    _either("descendre"),
    _either("sortir", "sors sors sort sortons sortez sortent", "sorti"),
    _either("tomber"),
    _either("retourner"),
    _either("passer"),
    _reflexive("lever"),
    _reflexive("laver", objects=ARTICLE),
    _reflexive("brosser", objects=ARTICLE),
    _reflexive("habiller"),
    _reflexive("promener"),
    _reflexive("coucher"),
    _reflexive("réveiller"),
    _reflexive("reposer"),
    _reflexive("dépêcher"),
    _reflexive("amuser"),
    _reflexive("ennuyer"),
    _reflexive("inquiéter"),
    _reflexive("tromper"),
    _reflexive("perdre"),
    _reflexive("endormir", "endors endors endort endormons endormez endorment", "endormi"),
    _essential("souvenir", "souviens souviens souvient souvenons souvenez souviennent", "souvenu"),
    _essential("méfier"),
)

VERBS = MappingProxyType({verb.name: verb for verb in _TABLE})
"""Every verb by its dictionary name."""
