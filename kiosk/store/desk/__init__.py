"""What the desk keeps: assisted records, declarations, lists of units, staff, things to do."""
