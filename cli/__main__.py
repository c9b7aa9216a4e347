"""`python -m cli` in the checkout, `python -m efficiency_monitor.cli` when installed."""

from .main import main

main()
