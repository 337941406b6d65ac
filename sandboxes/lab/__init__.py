"""Where scripts run: one sandbox per candidate and call, thrown away afterwards."""
