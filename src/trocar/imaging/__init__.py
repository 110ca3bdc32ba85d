"""What a picture shows: skin, needles, seeds, and how two pictures lie to each other. Volumes in, values out."""
