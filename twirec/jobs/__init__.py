"""Due work: claimed, leased, tried again, parked."""
