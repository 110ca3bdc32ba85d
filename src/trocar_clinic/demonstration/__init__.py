"""The demonstration department: made-up people, rooms, seeds and cases, entered by the same deeds as real ones."""
