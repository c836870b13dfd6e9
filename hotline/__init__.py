"""The front door: the `hotline` command line, which parts run in which role, and the jobs."""
