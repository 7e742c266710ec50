"""Light that answers: the kiosk's own screen lights the face with a secret pattern, and the face must answer it. Pure."""
