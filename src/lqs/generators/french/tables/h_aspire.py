"""Words before which nothing elides although they begin with h or a vowel, after the dictionary of the Académie."""

_ASPIRATED = """
hâb hach hagard haie haillon hain haï hais hait hal hamac hambourg hamburger hameau hamster hanap hanch hand hangar
hanneton hans hant happ haquenée harangu haras harass harcel harcèl hard harem hareng hargn haricot harnach harnais
harp hasard haschi hase hass hât haubert hauss haut havane havre hayon heaume henn hériss herniaire hernie héron héros
hers hêtr heurt hibou hic hideu hiérarch hiss hobby hobereau hoch hockey hold holland hollywood homard hongr hont
hoquet horde horion hors hott houbl houe houill houl houppe hourra houspill houss houx hublot huche hue hué huguenot
huit hulott hulul hun huppe hurl huron hurrah husky hussard hutte
"""
_MUTE = "halein halieut halit hallucin halog haltèr haltér huitr huîtr"
_OTHERS = "onze onzième oui ouistiti uhlan"

H_ASPIRE = tuple(_ASPIRATED.split())
"""How words with an aspirated h begin."""

H_MUTE = tuple(_MUTE.split())
"""How words begin that look like one of `H_ASPIRE` and are not."""

NO_ELISION = frozenset(_OTHERS.split())
"""Words that begin with a vowel and let nothing elide (« le onze »), beside those with y, such as « yaourt »."""


def is_aspirated(word: str) -> bool:
    """Whether a word (in lower case) that begins with h forbids elision."""
    return word.startswith(H_ASPIRE) and not word.startswith(H_MUTE)
