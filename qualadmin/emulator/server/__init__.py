"""The stand-alone HTTP server: one thread, one event loop, no thread per connection."""
