"""The parts of a watcher: who waits, whom to ask next, how, and what is made of the answers."""
