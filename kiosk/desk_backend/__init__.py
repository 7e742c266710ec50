"""The desk's work in the store and outside it, called by `app.desk_controller`."""
