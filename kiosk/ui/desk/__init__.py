"""The attendant's pages: denser than the retiree's, same tokens. Shown by `app.desk_controller` above the visit."""
