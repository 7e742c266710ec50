"""What people read and hear, by key and language; nothing of Qt."""
