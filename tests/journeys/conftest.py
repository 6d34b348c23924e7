"""Journeys that need a program which is not here are not walked; the summary of the run says so."""

import chromium

collect_ignore = [] if chromium.is_installed() else ["test_docs_page.py"]
