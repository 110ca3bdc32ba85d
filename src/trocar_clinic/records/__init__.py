"""The trail of deeds: every row is written in a deed, every deed leaves an entry that nobody can change."""
