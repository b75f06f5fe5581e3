"""Where it lives: settings, servers, and the entry points that join everything."""
