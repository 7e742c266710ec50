"""The attendant's pages: denser than the retiree's, same tokens. Shown by `desk_conductor` above the visit."""
