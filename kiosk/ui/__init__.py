"""What is seen and touched: window, pages, desk, widgets."""
