"""What the law asks: who may have a recording, and when there is none any more."""
