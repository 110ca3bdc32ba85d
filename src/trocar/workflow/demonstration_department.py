"""The made-up department, for whoever fills a record with it."""

from trocar.phantom.department import FIRST_DAY, LAST_DAY, demonstration_department

__all__ = ["FIRST_DAY", "LAST_DAY", "demonstration_department"]
