"""Refuses constraints that no problem can honour, before anything is stored."""

from collections.abc import Callable, Iterable
from types import MappingProxyType

from lqs.domain.entities.problem import (
    ERROR_CODES,
    PERSONS,
    TENSES,
    WRONG_STATEMENTS,
    ErrorCode,
    ProblemConstraints,
    Tense,
)
from lqs.domain.entity_type import ConstraintsRefused
from lqs.generators.french.verbs import Verb
from lqs.generators.problem.candidates import CANDIDATES, Candidate, admitted, feasible, mistakes_within, wanted
from lqs.generators.problem.naming import known_verb, quoted, unknown_verb

_NEEDS: MappingProxyType[ErrorCode, str] = MappingProxyType(
    {
        "agreement.subject_verb": "a finite verb that another person conjugates differently",
        "aux.choice": (
            "the tense passe_compose and a verb that takes one auxiliary only (not one such as monter or sortir, "
            "which takes both)"
        ),
        "participle.agreement": (
            "the tense passe_compose, a verb that takes être, and a subject of known gender or number "
            "(not 1p or 2p, whose participle can be written several ways)"
        ),
        "reflexive.person": (
            "a reflexive verb such as se lever, in the persons 1s, 2s, 1p or 2p "
            "(in 3s and 3p only se souvenir and se méfier, because “il me lève” is right)"
        ),
    }
)


def check_constraints(constraints: ProblemConstraints) -> None:
    """Decide whether every listed value can appear in a problem together with the rest.

    Raises `ConstraintsRefused` with the pointer of the value to change, and what it could be instead.
    """
    _refuse_unknown_verbs(constraints)
    if not any((constraints.verbs, constraints.tenses, constraints.persons, constraints.error_codes)):
        return
    want = wanted(constraints)
    candidates = admitted(want)
    _refuse_unused(constraints, candidates)
    for index, code in enumerate(constraints.error_codes or ()):
        if not any(_shows(candidate, code) for candidate in candidates):
            possible = [c for c in ERROR_CODES if any(_shows(candidate, c) for candidate in candidates)]
            raise ConstraintsRefused(
                f"/error_codes/{index}",
                f"No problem with these verbs, tenses and persons can show {code}: it needs {_NEEDS[code]}. "
                f"Change those constraints, or choose from: {', '.join(possible)}.",
            )
    whole = feasible(want)
    if not whole:
        most = max(_provable(candidate, want.codes) for candidate in candidates)
        raise ConstraintsRefused(
            "/error_codes",
            f"A problem needs {WRONG_STATEMENTS} different wrong statements, and with these verbs, tenses and persons "
            f"the error codes asked for give at most {most}. Add agreement.subject_verb to them, or leave them out.",
        )
    _refuse_unused(constraints, whole)
    for index, code in enumerate(constraints.error_codes or ()):
        if not any(_shows(candidate, code) for candidate in whole):
            raise ConstraintsRefused(
                f"/error_codes/{index}",
                f"{code} cannot appear in a whole problem with the other constraints. "
                "Leave it out, or add agreement.subject_verb.",
            )


def _refuse_unknown_verbs(constraints: ProblemConstraints) -> None:
    for index, name in enumerate(constraints.verbs or ()):
        if known_verb(name) is None:
            raise ConstraintsRefused(f"/verbs/{index}", unknown_verb(name))


def _refuse_unused(constraints: ProblemConstraints, candidates: tuple[Candidate, ...]) -> None:
    for index, name in enumerate(constraints.verbs or ()):
        verb = known_verb(name)
        if not any(candidate.frame.verb is verb for candidate in candidates):
            offered = _tenses_of(verb)
            if constraints.tenses and not offered.intersection(constraints.tenses):
                raise ConstraintsRefused(
                    f"/verbs/{index}",
                    f"{quoted(name)} is only offered in {' and '.join(sorted(offered))}. "
                    "Add that to the tenses, or leave the verb out.",
                )
            raise ConstraintsRefused(
                f"/verbs/{index}",
                f"No problem about {quoted(name)} can be made with the other constraints. Leave it out, or change "
                f"the tenses ({', '.join(TENSES)}), persons ({', '.join(PERSONS)}) or error codes "
                f"({', '.join(ERROR_CODES)}).",
            )
    _refuse_tenses_no_verb_has(constraints)
    _refuse_unused_values("tenses", constraints.tenses, candidates, lambda candidate: candidate.tense)
    _refuse_unused_values("persons", constraints.persons, candidates, lambda candidate: candidate.subject.person)


def _refuse_tenses_no_verb_has(constraints: ProblemConstraints) -> None:
    names = constraints.verbs or []
    offered = frozenset(tense for name in names for tense in _tenses_of(known_verb(name)))
    for index, tense in enumerate(constraints.tenses or ()):
        if names and tense not in offered:
            raise ConstraintsRefused(
                f"/tenses/{index}",
                f"{', '.join(map(quoted, names))}: only offered in {' and '.join(sorted(offered))}. "
                f"Leave {tense} out, or add a verb that has it.",
            )


def _tenses_of(verb: Verb | None) -> frozenset[Tense]:
    return frozenset(candidate.tense for candidate in CANDIDATES if candidate.frame.verb is verb)


def _refuse_unused_values(
    field: str, values: Iterable[str] | None, candidates: tuple[Candidate, ...], of: Callable[[Candidate], str]
) -> None:
    usable = dict.fromkeys(of(candidate) for candidate in candidates)
    for index, value in enumerate(values or ()):
        if value not in usable:
            raise ConstraintsRefused(
                f"/{field}/{index}",
                f"No problem with the other constraints can be in {value}. Choose from: {', '.join(usable) or 'none'}; "
                "or change the verbs or error codes.",
            )


def _shows(candidate: Candidate, code: ErrorCode) -> bool:
    return _provable(candidate, frozenset({code})) > 0


def _provable(candidate: Candidate, codes: frozenset[ErrorCode]) -> int:
    return min(len(mistakes_within(candidate, agreement, codes)) for agreement in candidate.subject.agreements)
