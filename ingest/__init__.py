"""Files to documents to passages to stores."""
