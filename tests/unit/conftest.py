"""What is judged by programs that are not installed everywhere is left out there; the end of a run says so."""

import systemd

collect_ignore = [] if systemd.is_installed() else ["test_systemd_judges.py"]
