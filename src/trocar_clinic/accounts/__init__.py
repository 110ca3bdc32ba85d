"""Who people are to this application: name, password, roles, language."""
