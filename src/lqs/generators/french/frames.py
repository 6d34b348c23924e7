"""What the verbs are used for: complements that make sense, the times they go with, and what they mean in English."""

from dataclasses import dataclass
from types import MappingProxyType

from lqs.domain.entities.problem import Tense
from lqs.generators.french.verbs import VERBS, Verb


@dataclass(frozen=True, slots=True, eq=False)
class Marker:
    """An expression of time. An `inner` one is an adverb of the verb group: « souvent », « déjà »."""

    french: str
    english: str
    inner: bool = False


NOW = MappingProxyType(
    {
        "plain": Marker("", ""),
        "often": Marker("souvent", "often", inner=True),
        "days": Marker("tous les jours", "every day"),
        "mornings": Marker("chaque matin", "every morning"),
        "evenings": Marker("tous les soirs", "every evening"),
        "saturdays": Marker("le samedi", "on Saturdays"),
        "weeks": Marker("chaque semaine", "every week"),
        "summer": Marker("en été", "in summer"),
    }
)
"""Times of the présent; with each of them English uses the simple present."""

THEN = MappingProxyType(
    {
        "plain": Marker("", ""),
        "already": Marker("déjà", "already", inner=True),
        "yesterday": Marker("hier", "yesterday"),
        "night": Marker("hier soir", "last night"),
        "morning": Marker("ce matin", "this morning"),
        "saturday": Marker("samedi dernier", "last Saturday"),
        "week": Marker("la semaine dernière", "last week"),
        "year": Marker("l’année dernière", "last year"),
    }
)
"""Times of the passé composé; English uses the present perfect with « déjà » and the simple past otherwise."""

_MARKERS = (*NOW.values(), *THEN.values())
INNER_ADVERBS = frozenset(marker.french for marker in _MARKERS if marker.inner)
MARKER_TEXTS = tuple(sorted((m.french for m in _MARKERS if m.french and not m.inner), key=lambda french: -len(french)))
"""The expressions that stand before or after the clause, longest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One use of a verb.

    `english` is the verb phrase in the infinitive; `{poss}` in it is the subject's possessive.
    `times` are the markers that go with it, by tense; a tense without markers is not offered.
    """

    verb: Verb
    complement: str
    english: str
    times: MappingProxyType[Tense, tuple[Marker, ...]]


_TABLE = """
parler | avec le professeur | talk with the teacher | days often | yesterday morning already
parler | français en classe | speak French in class | days often | yesterday morning
manger | une pomme | eat an apple | days mornings often | yesterday morning already
manger | du poisson | eat fish | saturdays often | yesterday night saturday
commencer | le travail à huit heures | start work at eight o’clock | days saturdays | yesterday morning
commencer | un nouveau livre | start a new book | weeks often | yesterday week already
regarder | un film | watch a movie | evenings saturdays often | night saturday
regarder | la télévision | watch television | evenings days | night yesterday
écouter | la radio | listen to the radio | mornings evenings often | morning night
écouter | de la musique | listen to music | days evenings often | night saturday
travailler | à la bibliothèque | work at the library | saturdays days often | yesterday saturday week
travailler | dans un restaurant | work in a restaurant | saturdays summer | saturday week year
acheter | du pain | buy bread | days mornings saturdays | yesterday morning already
acheter | des fleurs | buy flowers | weeks saturdays often | yesterday saturday
chercher | les clés de la voiture | look for the car keys | mornings days often | yesterday morning
préparer | le dîner | make dinner | evenings saturdays often | night saturday already
préparer | une salade | make a salad | evenings often | yesterday night already
répéter | les nouveaux mots | repeat the new words | days mornings | yesterday morning already
visiter | un musée | visit a museum | weeks saturdays often | yesterday saturday week
jouer | au football | play football | saturdays evenings often | yesterday saturday
jouer | aux cartes | play cards | saturdays evenings often | night saturday
étudier | l’histoire | study history | days evenings | yesterday night year
nager | dans le lac | swim in the lake | summer mornings often | yesterday saturday
voyager | en train | travel by train | summer weeks often | saturday week year
nettoyer | la cuisine | clean the kitchen | saturdays evenings weeks | yesterday saturday already
nettoyer | les fenêtres | clean the windows | saturdays weeks | saturday week already
téléphoner | à un ami | call a friend | evenings saturdays often | yesterday night
finir | les exercices | finish the exercises | days evenings | yesterday night already
finir | le travail à six heures | finish work at six o’clock | days saturdays | yesterday saturday
choisir | un livre | choose a book | weeks saturdays | yesterday saturday already
choisir | un dessert | choose a dessert | evenings saturdays often | night saturday
remplir | la bouteille | fill the bottle | days mornings | yesterday morning already
vendre | des légumes au marché | sell vegetables at the market | saturdays weeks summer | yesterday saturday
vendre | la voiture | sell the car |  | week year already
attendre | le bus | wait for the bus | days mornings often | yesterday morning
répondre | aux questions | answer the questions | days often | yesterday morning already
répondre | à la lettre | answer the letter |  | yesterday week already
perdre | les clés de la voiture | lose the car keys | weeks often | yesterday saturday
perdre | du temps | waste time | mornings days often | yesterday week
faire | les courses | do the shopping | saturdays weeks often | yesterday saturday already
faire | du sport | exercise | days mornings often | yesterday morning
faire | un gâteau | make a cake | saturdays weeks often | yesterday saturday already
prendre | le train | take the train | days mornings often | yesterday morning
prendre | une douche | take a shower | mornings evenings | morning night already
apprendre | un poème | learn a poem | weeks | yesterday week already
apprendre | un nouveau mot | learn a new word | days weeks | yesterday week already
comprendre | la leçon | understand the lesson | plain | plain yesterday
comprendre | les règles | understand the rules | plain | plain yesterday
boire | du café | drink coffee | days mornings often | yesterday morning already
boire | un verre d’eau | drink a glass of water | mornings evenings often | morning already
lire | le journal | read the newspaper | days mornings often | yesterday morning already
lire | un roman | read a novel | weeks summer often | saturday week
écrire | une lettre | write a letter | weeks saturdays often | yesterday saturday already
écrire | des poèmes | write poems | evenings summer often | night year
dire | la vérité | tell the truth | plain often | plain yesterday already
voir | un film au cinéma | see a movie at the theater | weeks saturdays often | yesterday saturday
voir | le médecin | see the doctor | weeks often | yesterday week already
mettre | la table | set the table | days evenings saturdays | night already
mettre | un manteau | put on a coat | mornings | morning
ouvrir | les fenêtres | open the windows | days mornings often | yesterday morning already
ouvrir | la porte | open the door |  | plain morning already
recevoir | un message | receive a message | days weeks often | yesterday morning already
dormir | dans le salon | sleep in the living room | summer often | night saturday
dormir | jusqu’à neuf heures | sleep until nine o’clock | saturdays summer often | yesterday morning saturday
courir | dans le parc | run in the park | mornings saturdays often | yesterday morning saturday
aller | au marché | go to the market | days saturdays often | yesterday morning saturday
aller | à la plage | go to the beach | summer saturdays often | yesterday saturday
venir | au bureau | come to the office | days mornings often | yesterday morning
venir | à pied | come on foot | days often | yesterday morning
revenir | du marché à midi | come back from the market at noon | days saturdays | yesterday saturday
revenir | de Paris | come back from Paris |  | yesterday week already
arriver | en retard | arrive late | mornings days often | yesterday morning saturday
arriver | à la gare | arrive at the station | mornings | yesterday morning already
partir | en vacances | go on vacation | summer often | yesterday saturday week already
partir | à sept heures | leave at seven o’clock | days mornings saturdays | yesterday morning saturday
rester | à la maison | stay at home | evenings saturdays often | yesterday night saturday
rester | au bureau jusqu’à six heures | stay at the office until six o’clock | days often | yesterday
naître | dans un village | be born in a village |  | plain
naître | en septembre | be born in September |  | plain
entrer | sans frapper | come in without knocking | days often | yesterday morning
rentrer | à la maison à six heures | come home at six o’clock | days saturdays | yesterday saturday
rentrer | tard | come home late | evenings saturdays often | night saturday
monter | dans le bus | get on the bus | mornings | yesterday morning already
monter | la valise | carry the suitcase upstairs |  | plain yesterday already
descendre | du train à Lyon | get off the train in Lyon | days often | yesterday saturday
descendre | l’escalier en courant | run down the stairs | mornings often | yesterday morning
sortir | avec des amis | go out with friends | evenings saturdays often | night saturday
sortir | le chien | take the dog out | days mornings evenings | morning night already
tomber | dans l’escalier | fall on the stairs | often | yesterday morning saturday
retourner | au bureau | go back to the office | saturdays often | yesterday saturday already
passer | par le parc | go through the park | days mornings often | yesterday morning
passer | un examen | take an exam | weeks | yesterday week
se lever | tôt | get up early | days mornings often | yesterday morning saturday
se lever | à six heures | get up at six o’clock | days saturdays | yesterday morning
se laver | les mains avant le dîner | wash {poss} hands before dinner | days evenings | night
se laver | à l’eau froide | wash in cold water | days mornings summer | yesterday morning
se brosser | les dents | brush {poss} teeth | mornings evenings | morning night already
se brosser | les cheveux | brush {poss} hair | days mornings | morning
s’habiller | en noir | dress in black | saturdays often | yesterday saturday
s’habiller | rapidement | get dressed quickly | days mornings | yesterday morning
se promener | dans le parc | take a walk in the park | evenings saturdays often | yesterday saturday
se coucher | tôt | go to bed early | evenings saturdays often | night saturday
se coucher | à onze heures | go to bed at eleven o’clock | days saturdays | yesterday saturday
se réveiller | à sept heures | wake up at seven o’clock | days saturdays | yesterday morning
se réveiller | tard | wake up late | saturdays summer often | morning saturday
se reposer | dans le jardin | rest in the garden | summer saturdays often | yesterday saturday
se dépêcher | pour prendre le bus | hurry to catch the bus | days mornings often | yesterday morning
s’amuser | au parc | have fun at the park | summer saturdays often | yesterday saturday
s’ennuyer | au bureau | get bored at the office | days often | yesterday
s’inquiéter | pour les enfants | worry about the children | days often | yesterday night
se tromper | de route | take the wrong road | often | yesterday saturday
se perdre | dans la ville | get lost in the city | often | yesterday saturday
s’endormir | devant la télévision | fall asleep in front of the television | evenings saturdays often | night saturday
se souvenir | de cette histoire | remember that story | plain | plain
se souvenir | du rendez-vous | remember the appointment | plain | plain
se méfier | de cet homme | be wary of that man | plain | plain
être | en retard | be late | mornings often | yesterday morning
être | en colère | be angry | often | yesterday morning
avoir | faim | be hungry | mornings evenings often | night morning
avoir | un cours de français | have a French class | saturdays weeks | yesterday saturday
avoir | un rendez-vous | have an appointment | weeks often | yesterday week
pouvoir | venir demain matin | can come tomorrow morning | plain |
pouvoir | venir à pied | can come on foot | plain | yesterday morning
pouvoir | aider les enfants | can help the children | plain saturdays | plain yesterday
vouloir | un café au lait | want a coffee with milk | plain mornings |
vouloir | une glace | want an ice cream | plain saturdays | saturday
vouloir | partir tôt | want to leave early | often plain | yesterday morning
devoir | partir à sept heures | have to leave at seven o’clock | plain days saturdays | yesterday morning
devoir | faire les courses | have to do the shopping | saturdays weeks often | yesterday saturday
savoir | la réponse | know the answer | plain often |
savoir | nager sous l’eau | know how to swim underwater | plain |
savoir | la vérité | find out the truth |  | yesterday week
"""


def _frame(row: str) -> Frame:
    verb, complement, english, now, then = (cell.strip() for cell in row.split("|"))
    times: dict[Tense, tuple[Marker, ...]] = {
        "present": tuple(NOW[word] for word in now.split()),
        "passe_compose": tuple(THEN[word] for word in then.split()),
    }
    return Frame(VERBS[verb], complement, english, MappingProxyType(times))


FRAMES = tuple(_frame(row) for row in _TABLE.strip().splitlines())
"""Every use of every verb, those of one verb together."""
