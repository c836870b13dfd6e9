"""The subcommands of `hotline`, one module each."""
