"""What reaches an open page without being asked for: the WebSocket hub, whom an event concerns, the SIP proxy."""
