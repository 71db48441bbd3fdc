"""The arithmetic of monitoring: values in, values out."""

#: Length of one window.
WINDOW_SECONDS = 10
