"""The voice menu: FastAGI server, the script and its check, the runner that walks callers through it, prompts."""
