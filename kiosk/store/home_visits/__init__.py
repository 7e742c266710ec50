"""Lists of people visited at home: booked, lent to a portable kiosk, borrowed, brought back."""
