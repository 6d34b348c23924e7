"""The level of a problem: the highest of what its tense, its verb and its agreement ask for."""

import pytest

from lqs.domain.entities.problem import Level, Tense
from lqs.generators.french.frames import FRAMES
from lqs.generators.french.levels import level_of
from lqs.generators.french.subjects import SUBJECTS
from lqs.generators.problem.candidates import Candidate


@pytest.mark.parametrize(
    ("verb", "complement", "tense", "level"),
    [
        ("être", "en retard", "present", "A1"),
        ("vouloir", "un café au lait", "present", "A1"),
        ("se lever", "tôt", "present", "A1"),
        ("se lever", "tôt", "passe_compose", "A2"),
        ("aller", "au marché", "passe_compose", "A2"),
        ("recevoir", "un message", "present", "A2"),
        ("recevoir", "un message", "passe_compose", "A2"),
        ("se reposer", "dans le jardin", "present", "A2"),
        ("se souvenir", "du rendez-vous", "present", "A2"),
        ("se souvenir", "du rendez-vous", "passe_compose", "B1"),
        ("s’inquiéter", "pour les enfants", "passe_compose", "B1"),
        ("se méfier", "de cet homme", "present", "B1"),
        ("se méfier", "de cet homme", "passe_compose", "B1"),
        ("se laver", "à l’eau froide", "passe_compose", "A2"),
        ("se laver", "les mains avant le dîner", "present", "A1"),
        ("se laver", "les mains avant le dîner", "passe_compose", "B1"),
    ],
)
def test_the_level_is_the_higher_of_verb_and_tense(verb: str, complement: str, tense: Tense, level: Level):
    frame = next(frame for frame in FRAMES if (frame.verb.name, frame.complement) == (verb, complement))
    assert level_of(Candidate(frame, tense, SUBJECTS["elle"]).clause) == level
