"""A module per command of `wenbao`, each with a `command`."""
