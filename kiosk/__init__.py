"""Offline self-service kiosk for the yearly pension qualification authentication (养老金领取资格认证)."""

__version__ = "0.1.0"
