"""The console: pages in a browser, for those who operate the service and those who are asked."""
