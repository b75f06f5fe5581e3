"""Who talks: the conversational agent, a domain like any other."""
