"""Tuning: which settings win on a dataset, judged on questions that had no say in the choice."""
