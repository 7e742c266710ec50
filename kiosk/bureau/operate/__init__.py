"""What an operator needs: health, measures, access log, backup and restore, retention, the worker beside the web processes."""
