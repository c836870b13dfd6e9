"""Writing scripts: drafts, changes of single nodes in the YAML, their picture, walks kept as tests, publishing."""
