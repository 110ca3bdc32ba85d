"""Series of images of a case."""
