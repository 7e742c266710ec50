"""The roster of the people of this station: its lines, look-up, import, decoys."""
