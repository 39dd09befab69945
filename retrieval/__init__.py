"""Question to hits: retrievers that compose."""
