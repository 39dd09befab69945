"""How good a base is, in numbers that can be checked. Imported by module: `from eval.retrieval import ...`."""
