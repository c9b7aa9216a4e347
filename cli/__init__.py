"""The command line: parse, one service call, render. Installed as `efficiency_monitor.cli`."""
