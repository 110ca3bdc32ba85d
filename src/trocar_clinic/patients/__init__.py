"""Patient, admission, case and lesion: whom it is about, and how far it has come."""
