"""The measurements behind docs/, as commands that can be repeated; see README.md beside this file."""
