"""What every page and request stands on: access, sessions, headers, errors, requests, rendering, words."""
