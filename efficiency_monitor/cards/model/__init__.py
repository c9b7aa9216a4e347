"""Deciding on cards: findings × standing cards → decisions. Pure."""
