"""The drift experiment: streams of real samples, what is done to them, and when it is found."""
