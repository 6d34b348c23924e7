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
        topic, lead, trigger, subject, ne, clitics, finite, glued, *others, result, mark = self
        clause = join([trigger, subject, ne, *clitics, finite + "".join(glued), *others])
        if result:
            clause = f"{clause}, {result}"
        if lead:
            clause = f"{lead}, {clause}"
        sentence = capitalised(clause) + (mark if mark == "." else NO_BREAK_SPACE + mark)
        return f"{capitalised(topic)}{NO_BREAK_SPACE}? {sentence}" if topic else sentence


_PLACES = MappingProxyType({name: place for place, name in enumerate(Parts._fields)})
