"""The front door: settings, event bus, clock, start and stop, and the `hotline` command line."""
