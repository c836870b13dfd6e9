"""The nodes of a centre: who holds which name, which of them run, and where a call or a seat is."""
