"""What people do with calls and seats, and the client by which the desk asks for it."""
