"""Amazon's side of the wire: the Mechanical Turk qualification API, in process for tests and as a small HTTP
server."""
