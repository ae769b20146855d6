"""The outside: one foreign system, one module, with its name."""
