"""The spotter: words of a caller that tell of an emergency."""
