"""The attendant's desk as a pure state machine: who is signed in, where they are, what they may do. No Qt, no store, no clock."""
