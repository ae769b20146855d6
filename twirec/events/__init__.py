"""Webhook events to the company: their form on the wire, and their delivery."""
