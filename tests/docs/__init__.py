"""The documents held to what they say: every block that can be run is run, what is generated is up to date."""
