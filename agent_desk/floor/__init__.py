"""Pages of supervisors: the board of calls, queues and seats."""
