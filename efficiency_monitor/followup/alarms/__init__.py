"""Alarms on supervisors: a card not followed up, an order that stays open."""
