"""The books of images."""

from trocar_clinic.records.books import Book

BOOKS: tuple[Book, ...] = ()
