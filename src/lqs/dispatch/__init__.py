"""How a worker learns that there is work. A notice carries nothing: the rows are the truth, a poll is the guarantee."""
