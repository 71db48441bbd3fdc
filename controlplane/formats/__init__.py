"""How the admin writes times: as logs and the dashboard do."""
