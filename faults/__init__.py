"""The fault harness: the real service under load, with faults on purpose, then a look at what was promised."""
