"""The command line as a stranger finds it: processes, files, streams and exit codes."""
