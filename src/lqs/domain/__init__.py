"""What is true of generation requests, slots and entities; no input, no output."""
