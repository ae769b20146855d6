"""What people say when they look for a call: numbers, days, hours."""
