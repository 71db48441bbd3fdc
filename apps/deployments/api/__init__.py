"""The REST edge: what is asked, what is answered, and the views between."""
