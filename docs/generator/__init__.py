"""What of the site is generated: links out of `docs/`, and the pages of reference that are written from the code."""
