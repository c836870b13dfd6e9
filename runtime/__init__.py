"""What a process stands on: settings, clock, bus, events, logs, secrets, child processes, errors for people."""
