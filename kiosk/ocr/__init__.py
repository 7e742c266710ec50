"""A card held to the camera, read."""
