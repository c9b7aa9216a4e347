"""The core on worked examples."""
