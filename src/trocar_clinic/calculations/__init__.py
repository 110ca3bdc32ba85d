"""Each run of the library, as a job that survives the death of whoever works on it."""
