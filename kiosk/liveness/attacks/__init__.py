"""Attack checks that need no learned model. Pure: numpy and OpenCV. Used by the take alone."""
