"""Goes through a written self-assessment sentence by sentence and says where it contradicts itself."""
