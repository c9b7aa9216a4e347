"""effmon: an administrative-efficiency e-supervision engine (行政效能电子监察)."""

__version__ = "0.1.0"
