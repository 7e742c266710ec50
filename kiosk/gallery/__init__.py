"""Every page with made-up content, for pictures and tests. Never on a station."""
