"""The engine: cases, rules, calendars and an instant → findings. Pure: no I/O, no clock."""
