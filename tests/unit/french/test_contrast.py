"""The prover against sentences judged by hand: what is wrong it proves, what some reading allows it never does."""

import pytest

from lqs.domain.entities.problem import Tense
from lqs.generators.french.contrast import clause_of, fault, prove
from lqs.generators.french.sentence import read
from lqs.generators.french.verbs import VERBS

PRESENT: Tense = "present"
PAST: Tense = "passe_compose"
SVA, AUX, PARTICIPLE, REFLEXIVE = (
    "agreement.subject_verb",
    "aux.choice",
    "participle.agreement",
    "reflexive.person",
)

WRONG = [
    ("parler", PRESENT, "Je parle français en classe.", "Je parles français en classe.", SVA),
    ("parler", PRESENT, "Tu parles français en classe.", "Tu parle français en classe.", SVA),
    ("parler", PRESENT, "Elles parlent avec le professeur.", "Elles parle avec le professeur.", SVA),
    ("manger", PRESENT, "Nous mangeons une pomme.", "Nous mangez une pomme.", SVA),
    ("aller", PRESENT, "Ma sœur va au marché.", "Ma sœur vas au marché.", SVA),
    ("faire", PRESENT, "Vous faites un gâteau.", "Vous faisons un gâteau.", SVA),
    ("prendre", PRESENT, "Mes parents prennent le train.", "Mes parents prend le train.", SVA),
    ("boire", PRESENT, "Paul et Julie boivent du café.", "Paul et Julie buvons du café.", SVA),
    ("se lever", PRESENT, "Je me lève tôt.", "Je me lèves tôt.", SVA),
    ("attendre", PRESENT, "Nous attendons le bus.", "Nous attendent le bus.", SVA),
    ("écouter", PRESENT, "J’écoute la radio.", "J’écoutes la radio.", SVA),
    ("manger", PAST, "J’ai mangé une pomme.", "J’as mangé une pomme.", SVA),
    ("aller", PAST, "Je suis allé au marché.", "J’es allé au marché.", SVA),
    ("partir", PAST, "Ils sont partis en vacances.", "Ils est partis en vacances.", SVA),
    ("monter", PAST, "Hier, Marie a monté la valise.", "Hier, Marie as monté la valise.", SVA),
    ("se lever", PAST, "Vous vous êtes levés tôt.", "Vous vous avez levés tôt.", AUX),
    ("aller", PAST, "Elle est allée à la plage.", "Elle a allé à la plage.", AUX),
    ("aller", PAST, "Elle est allée à la plage.", "Elle a allée à la plage.", AUX),
    ("venir", PAST, "Il est venu à pied.", "Il a venu à pied.", AUX),
    ("naître", PAST, "Je suis née à Lyon.", "J’ai né à Lyon.", AUX),
    ("manger", PAST, "Marie a mangé une pomme.", "Marie est mangé une pomme.", AUX),
    ("boire", PAST, "Nous avons déjà bu du café.", "Nous sommes déjà bu du café.", AUX),
    ("dormir", PAST, "Tu as dormi dans le salon.", "Tu es dormi dans le salon.", AUX),
    ("se laver", PAST, "Elle s’est lavé les mains.", "Elle s’a lavé les mains.", AUX),
    ("arriver", PAST, "Elle est arrivée en retard.", "Elle est arrivé en retard.", PARTICIPLE),
    ("arriver", PAST, "Mes sœurs sont arrivées en retard.", "Mes sœurs sont arrivés en retard.", PARTICIPLE),
    ("rester", PAST, "Paul est resté à la maison.", "Paul est restée à la maison.", PARTICIPLE),
    ("rester", PAST, "Paul et Julie sont restés à la maison.", "Paul et Julie sont restées à la maison.", PARTICIPLE),
    ("partir", PAST, "Je suis partie en vacances.", "Je suis parties en vacances.", PARTICIPLE),
    ("partir", PAST, "Tu es parti en vacances.", "Tu es partis en vacances.", PARTICIPLE),
    ("se lever", PAST, "Ma tante s’est levée tôt.", "Ma tante s’est levé tôt.", PARTICIPLE),
    ("se laver", PAST, "Marie s’est lavé les mains.", "Marie s’est lavée les mains.", PARTICIPLE),
    ("se laver", PAST, "Nous nous sommes lavé les mains.", "Nous nous sommes lavés les mains.", PARTICIPLE),
    ("se laver", PAST, "Elle s’est lavée à l’eau froide.", "Elle s’est lavé à l’eau froide.", PARTICIPLE),
    ("manger", PAST, "Marie a mangé une pomme.", "Marie a mangée une pomme.", PARTICIPLE),
    ("se lever", PRESENT, "Je me lève tôt.", "Je se lève tôt.", REFLEXIVE),
    ("s’habiller", PRESENT, "Nous nous habillons rapidement.", "Nous s’habillons rapidement.", REFLEXIVE),
    ("se laver", PRESENT, "Vous vous lavez les mains.", "Vous se lavez les mains.", REFLEXIVE),
    ("se souvenir", PRESENT, "Je me souviens du rendez-vous.", "Je te souviens du rendez-vous.", REFLEXIVE),
    ("se souvenir", PRESENT, "Elle se souvient du rendez-vous.", "Elle me souvient du rendez-vous.", REFLEXIVE),
    ("se coucher", PAST, "Tu t’es couché tôt.", "Tu s’es couché tôt.", REFLEXIVE),
    ("être", PRESENT, "Je suis en retard.", "J’es en retard.", SVA),
    ("être", PRESENT, "Tu es en retard.", "Tu est en retard.", SVA),
    ("être", PAST, "Elle a été en retard.", "Elle est été en retard.", AUX),
    ("avoir", PRESENT, "Tu as faim.", "Tu a faim.", SVA),
    ("avoir", PAST, "Marie a eu un rendez-vous.", "Marie est eu un rendez-vous.", AUX),
    ("pouvoir", PRESENT, "Elle peut venir demain.", "Elle peux venir demain.", SVA),
    ("pouvoir", PAST, "Tu as pu venir à pied.", "Tu es pu venir à pied.", AUX),
    ("devoir", PAST, "Nous avons dû faire les courses.", "Nous sommes dû faire les courses.", AUX),
    ("vouloir", PRESENT, "Nous voulons un café.", "Nous veulent un café.", SVA),
    ("savoir", PRESENT, "Je sais la réponse.", "Je sait la réponse.", SVA),
]

ACCEPTABLE = [
    ("aller", PAST, "Je suis allé au marché.", "Je suis allée au marché."),
    ("aller", PAST, "Tu es allée au marché.", "Tu es allé au marché."),
    ("partir", PAST, "Nous sommes partis en vacances.", "Nous sommes parties en vacances."),
    ("partir", PAST, "Nous sommes partis en vacances.", "Nous sommes parti en vacances."),
    ("partir", PAST, "Vous êtes partis en vacances.", "Vous êtes parti en vacances."),
    ("partir", PAST, "Vous êtes partie en vacances.", "Vous êtes parties en vacances."),
    ("se lever", PAST, "Je me suis levé tôt.", "Je me suis levée tôt."),
    ("se lever", PAST, "Vous vous êtes levés tôt.", "Vous vous êtes levée tôt."),
    ("se lever", PAST, "Nous nous sommes levés tôt.", "Nous nous sommes levée tôt."),
    ("monter", PAST, "Marie est montée dans le bus.", "Marie a monté dans le bus."),
    ("passer", PAST, "Paul est passé par le parc.", "Paul a passé par le parc."),
    ("descendre", PAST, "Ils sont descendus du train à Lyon.", "Ils ont descendu du train à Lyon."),
    ("sortir", PAST, "Elle a sorti le chien.", "Elle est sortie le chien."),
    ("tomber", PAST, "Il est tombé dans l’escalier.", "Il a tombé dans l’escalier."),
    ("vendre", PAST, "Il a vendu des légumes au marché.", "Il est vendu des légumes au marché."),
    ("répondre", PAST, "Il a répondu à la lettre.", "Il est répondu à la lettre."),
    ("comprendre", PAST, "Marie a compris hier.", "Marie est comprise hier."),
    ("attendre", PRESENT, "Chaque matin, nous attendons le bus.", "Chaque matin, nous attend le bus."),
    ("attendre", PRESENT, "Vous attendez le bus.", "Vous attend le bus."),
    ("attendre", PAST, "Nous avons attendu le bus.", "Nous a attendu le bus."),
    ("chercher", PRESENT, "Nous cherchons les clés.", "Nous cherchent les clés."),
    ("se lever", PRESENT, "Je me lève tôt.", "Je te lève tôt."),
    ("se réveiller", PRESENT, "Marie se réveille à sept heures.", "Marie me réveille à sept heures."),
    ("se laver", PRESENT, "Nous nous lavons les mains.", "Nous vous lavons les mains."),
    ("s’habiller", PRESENT, "Tu t’habilles rapidement.", "Tu m’habilles rapidement."),
    ("se souvenir", PRESENT, "Il se souvient de cette histoire.", "Il me souvient de cette histoire."),
    ("être", PRESENT, "Tu es en retard.", "Tu suis en retard."),
    ("être", PAST, "Il a été en retard.", "Il est été en retard."),
    ("vouloir", PRESENT, "Nous voulons un café.", "Nous veut un café."),
    ("avoir", PAST, "Tu as eu faim.", "Tu es eu faim."),
    ("parler", PRESENT, "Je parle avec le professeur.", "Elle parle avec le professeur."),
    ("manger", PRESENT, "Paul mange une pomme.", "Paul mange du poisson."),
    ("manger", PRESENT, "Paul mange une pomme.", "Paul mange une pomme."),
    ("manger", PRESENT, "Le samedi, Paul mange une pomme.", "Chaque matin, Paul mange une pomme."),
    ("finir", PRESENT, "Je finis les exercices.", "Je finis les exercices"),
    ("parler", PRESENT, "Paul parle avec le professeur.", "Paul parlait avec le professeur."),
]

BEYOND_ONE_RULE = [
    ("aller", PAST, "Elle est allée à la plage.", "Elle ont allé à la plage."),
    ("aller", PAST, "Elle est allée à la plage.", "Elle sont allés à la plage."),
    ("se lever", PRESENT, "Je me lève tôt.", "Je se lèves tôt."),
    ("écouter", PRESENT, "J’écoute la radio.", "Je écoutes la radio."),
    ("aller", PRESENT, "Ma sœur vas au marché.", "Ma sœur allons au marché."),
]


@pytest.mark.parametrize(("verb", "tense", "right", "wrong", "code"), WRONG, ids=str)
def test_a_real_error_is_proven_and_named(verb: str, tense: Tense, right: str, wrong: str, code: str):
    proof = prove(right, wrong, VERBS[verb], tense)
    assert proof is not None
    assert proof.code == code


@pytest.mark.parametrize(("verb", "tense", "right", "variant"), ACCEPTABLE, ids=str)
def test_what_looks_wrong_but_is_acceptable_is_never_proven_wrong(verb: str, tense: Tense, right: str, variant: str):
    assert prove(right, variant, VERBS[verb], tense) is None


@pytest.mark.parametrize(("verb", "tense", "right", "wrong"), BEYOND_ONE_RULE, ids=str)
def test_two_errors_at_once_or_a_wrong_model_are_not_proven(verb: str, tense: Tense, right: str, wrong: str):
    assert prove(right, wrong, VERBS[verb], tense) is None


@pytest.mark.parametrize(("verb", "tense", "right"), [row[:3] for row in [*WRONG, *ACCEPTABLE]], ids=str)
def test_the_right_sentence_of_every_pair_is_read_and_found_right(verb: str, tense: Tense, right: str):
    sentence = read(right, VERBS[verb], tense)
    assert sentence is not None
    assert fault(clause_of(sentence, VERBS[verb], tense), sentence.group) is None


def test_the_lists_are_long_enough_to_mean_something():
    assert len(WRONG) >= 30
    assert len(ACCEPTABLE) >= 20
