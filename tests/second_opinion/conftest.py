"""What needs a program of other authors is only collected where that program is installed.

`tests/conftest.py` says at the end of a run what was left out.
"""

from second_opinion import verbiste

collect_ignore = [] if verbiste.is_installed() else ["test_conjugator.py"]
