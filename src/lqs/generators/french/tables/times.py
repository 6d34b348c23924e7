"""Expressions of time that exclude a tense: no future is told of yesterday."""

PAST = (
    "hier",
    "hier soir",
    "avant-hier",
    "la semaine dernière",
    "le mois dernier",
    "l’année dernière",
    "lundi dernier",
    "samedi dernier",
    "dimanche dernier",
    "l’été dernier",
)
"""Times before the present moment, whoever speaks: the future excludes them."""
