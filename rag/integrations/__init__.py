"""Retrievers of other frameworks over wenbao. Each needs its framework, which an extra brings; nothing imports them."""
