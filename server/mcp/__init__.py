"""The MCP face: search, ask and read the paper from programs that speak the Model Context Protocol.

The replies are those of the HTTP API, built from the same wire models, so a citation is the same object on both.
"""
