"""A statement in its parts, written to text."""

from collections.abc import Mapping
from types import MappingProxyType
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

    def changed(self, change: Mapping[str, object]) -> "Parts":
        """The statement with other words in some of its parts."""
        words: list[object] = [*self]
        for name, other in change.items():
            words[_PLACES[name]] = other
        return Parts._make(words)

    @property
    def text(self) -> str:
        """The statement as it is printed, with the narrow or full spaces of French typography before ? and !."""
        clause = join(
            [
                self.trigger,
                self.subject,
                self.ne,
                *self.clitics,
                self.finite + "".join(self.glued),
                self.second,
                self.adverb,
                self.participle,
                self.third,
                self.complement,
                self.tail,
            ]
        )
        if self.result:
            clause = f"{clause}, {self.result}"
        if self.lead:
            clause = f"{self.lead}, {clause}"
        mark = self.mark if self.mark == "." else NO_BREAK_SPACE + self.mark
        sentence = capitalised(clause) + mark
        return f"{capitalised(self.topic)}{NO_BREAK_SPACE}? {sentence}" if self.topic else sentence


_PLACES = MappingProxyType({name: place for place, name in enumerate(Parts._fields)})
