"""What every other package stands on: words, seams, errors, settings, stores, models and text."""
