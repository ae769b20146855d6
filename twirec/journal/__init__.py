"""What the bucket keeps of the catalog, and the catalog made anew from it."""
