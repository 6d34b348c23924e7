"""Opens what a process needs from its settings and closes it in reverse; everything below receives plain arguments."""
