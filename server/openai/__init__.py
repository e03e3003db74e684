"""OpenAI's chat protocol over the same library: its wire models, how a conversation is read, its errors.

Whatever a client of that protocol sends is either heeded, or documented to have no effect, or refused by name; what
wenbao adds to a reply stands in fields of its own beside OpenAI's, first of all `citations`.
"""
