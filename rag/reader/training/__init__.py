"""How the reader was trained: `python -m rag.reader.training --help`."""
