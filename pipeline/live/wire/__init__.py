"""The live link: frames, messages, delivery, sockets and security."""
