"""Persons, their rights, hours and signatures; personal data. Pure."""
