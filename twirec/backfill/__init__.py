"""What the accounts have gathered before: listed, adopted, counted."""
