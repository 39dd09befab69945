"""The stores of one knowledge base: the manifest is the truth, vectors and words are indexes rebuilt from it."""
