"""A language model as judge of answers: what it says of them, what it costs, and how far it can be trusted."""
