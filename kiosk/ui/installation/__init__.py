"""The pages of the set-up by touch (站点安装), over the kiosk's window. Shown by `app.installation`."""
