"""After the call: names and labels, transfer, worker, sweep."""
