"""Published tables: nuclides and sources. The one room of the library that opens files: its own."""
