"""Lists of people visited at home: booked, exported to a portable kiosk, imported there, returned and merged."""
