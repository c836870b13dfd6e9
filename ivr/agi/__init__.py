"""The FastAGI protocol: the server, one caller's line, replies, and the watch over a server that hangs."""
