"""Ethos Integration for tests: tokens, resources in versions, and a queue. Shares no code with the client."""
