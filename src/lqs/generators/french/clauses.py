"""A statement in its parts, written to text."""

from functools import lru_cache
from typing import NamedTuple

from lqs.generators.french.orthography import NO_BREAK_SPACE, capitalised, join


class Parts(NamedTuple):
    """One statement in the order in which it is written; what it lacks is empty.

    « Les clés ? » topic · « Hier, » lead · « il faut que » trigger · « je » subject · « ne » · « les » clitics · « ai »
    finite · « -t-il » glued · « pas » second · « souvent » adverb · « perdues » participle · « personne »
    third · « à la maison » complement · « le samedi » tail · « tout irait bien » result.
    """

    topic: str = ""
    lead: str = ""
    trigger: str = ""
    subject: str = ""
    ne: str = ""
    clitics: tuple[str, ...] = ()
    finite: str = ""
    glued: tuple[str, ...] = ()
    second: str = ""
    adverb: str = ""
    participle: str = ""
    third: str = ""
    complement: str = ""
    tail: str = ""
    result: str = ""
    mark: str = "."

    @property
    def text(self) -> str:
        """The statement as it is printed, with the narrow or full spaces of French typography before ? and !."""
        return _written(self)


@lru_cache(maxsize=128)
def _written(parts: Parts) -> str:
    verb = parts.finite + "".join(parts.glued)
    clause = join(
        [
            parts.trigger,
            parts.subject,
            parts.ne,
            *parts.clitics,
            verb,
            parts.second,
            parts.adverb,
            parts.participle,
            parts.third,
            parts.complement,
            parts.tail,
        ]
    )
    if parts.result:
        clause = f"{clause}, {parts.result}"
    if parts.lead:
        clause = f"{parts.lead}, {clause}"
    mark = parts.mark if parts.mark == "." else NO_BREAK_SPACE + parts.mark
    sentence = capitalised(clause) + mark
    return f"{capitalised(parts.topic)}{NO_BREAK_SPACE}? {sentence}" if parts.topic else sentence
