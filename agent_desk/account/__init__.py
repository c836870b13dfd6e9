"""Log-in, passwords: who sits at this browser."""
