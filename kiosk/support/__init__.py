"""What somebody who helps from afar needs to see of a station, in one file without a name, a number or a key.

`bundle` puts it together (`kiosk support-bundle`, and 设备维护 at the desk); `machine` and `troubles` collect; `cut` takes out
what must not leave.
"""
