"""Which words ask for the subjunctive or the indicative after them, where usage knows no other.

After Grevisse, "Le bon usage". What is found with both moods (« espérer que », « il semble que », « après que »,
« croire que ») is left out on purpose.
"""

SUBJUNCTIVE = (
    "il faut que",
    "il faudrait que",
    "il faudra que",
    "il fallait que",
    "je veux que",
    "nous voulons que",
    "on veut que",
    "je voudrais que",
    "je souhaite que",
    "je préfère que",
    "j’aimerais que",
    "il vaut mieux que",
    "il est important que",
    "il est nécessaire que",
    "il est possible que",
    "il est dommage que",
    "je suis content que",
    "je suis contente que",
    "je suis heureux que",
    "je suis heureuse que",
    "je doute que",
    "j’ai peur que",
    "je regrette que",
    "pour que",
    "avant que",
    "bien que",
    "afin que",
    "sans que",
    "quoique",
    "à condition que",
    "jusqu’à ce que",
    "pourvu que",
)
"""Ends of main clauses, and conjunctions, that ask for the subjunctive."""

CONDITIONAL_TOO = ("je doute que", "il est possible que")
"""Those of them after which the conditional is found, too, for what depends on a condition."""

INDICATIVE = (
    "je sais que",
    "on sait que",
    "je suis sûr que",
    "je suis sûre que",
    "je suis certain que",
    "je suis certaine que",
    "il est certain que",
    "il est clair que",
    "il est évident que",
    "il est vrai que",
    "je pense que",
    "je vois que",
    "parce que",
    "pendant que",
    "dès que",
    "depuis que",
    "puisque",
)
"""The same for the indicative; only where they are affirmed."""
