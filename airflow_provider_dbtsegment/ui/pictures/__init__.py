"""From what was read to what is drawn; each file is one picture and the table beside it."""
