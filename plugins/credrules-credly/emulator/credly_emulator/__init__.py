"""A stand-in for Credly's Web Service API, for tests on one machine. It shares no code with the client."""
