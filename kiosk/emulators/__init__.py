"""Stand-ins for hardware behind the real ports: reader on a pseudo-terminal, puppet camera, a person. Never on a station."""
