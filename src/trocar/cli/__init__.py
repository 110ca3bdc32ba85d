"""EDGE: the command line, one file a command. Reads, calls the workflow, writes, says what it did."""
