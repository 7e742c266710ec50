"""The visit without sight: what a page says and offers, in order, and the keys that choose. Decided here without Qt or widgets."""
