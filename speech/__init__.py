"""Live transcription: sound of both speakers over AudioSocket, voice activity, recognisers, Chinese text."""
