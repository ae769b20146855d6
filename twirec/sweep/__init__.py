"""Vendor, ledger, bucket and conferences compared, and repaired."""
