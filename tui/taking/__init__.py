"""What a reader takes along: a sentence with its source, an answer, a whole conversation."""
