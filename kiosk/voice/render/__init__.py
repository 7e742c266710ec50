"""Making recordings: text to sounds to even, small files. For `kiosk voice render` and `kiosk bench voice`; never on a station."""
