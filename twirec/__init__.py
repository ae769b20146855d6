"""Record your company's phone calls on Twilio, lawfully and without ever losing one."""
