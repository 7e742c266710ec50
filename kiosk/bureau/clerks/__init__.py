"""What clerks work with all day: accounts and roles, the audit log, work list, stations, rosters, and the pages of all that."""
