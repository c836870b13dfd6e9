"""How Asterisk is spoken to: the AMI link, its actions, the names of seats and queues."""
