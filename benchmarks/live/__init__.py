"""The live server measured: recorded streams, and clients in a process of their own that play them to it."""
