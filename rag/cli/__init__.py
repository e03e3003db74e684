"""The command line: stdout is data, stderr the rest. A module per command, imported when the command is run."""
