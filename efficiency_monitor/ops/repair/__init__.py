"""Repairs 修复 that persons answer for: a clock that ran ahead, input that no import holds."""
