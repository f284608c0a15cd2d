"""Doors: HTTP, WebSocket, the command line and the settings; the only floor that knows a transport."""
