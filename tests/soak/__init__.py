"""An hour of pipelines at a steady pace: what runs on must not grow."""
