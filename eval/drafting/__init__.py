"""Drafts of questions on a base's own documents, for a person to accept, edit or reject."""
