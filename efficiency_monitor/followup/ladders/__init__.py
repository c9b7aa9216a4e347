"""Ladders: begun with a card, climbed by time, held by answers, ended with it."""
