"""Evidence: what happened in a call, sealed so that others can check it with tools they have."""
