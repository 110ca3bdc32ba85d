"""What brings heat or cold: one source a file."""
