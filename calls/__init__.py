"""Live state of calls, queues and agents; call control; recordings; call-backs; figures of the floor."""
