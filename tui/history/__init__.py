"""Conversations that are kept: a file on disk, what is searched in it, and the thread that looks after both.

`records` is what comes out, `store` the file, `search` looks inside it, `keeper` is what the screens talk to.
"""
