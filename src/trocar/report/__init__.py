"""EDGE: values become documents and pictures that a department files, in Chinese and in English."""
