"""The script as a document: its model, its check, its paths, its versions."""
