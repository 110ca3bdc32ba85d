"""The books of calculations: jobs are no kept rows, so there are none."""

from trocar_clinic.records.books import Book

BOOKS: tuple[Book, ...] = ()
