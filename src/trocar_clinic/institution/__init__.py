"""The hospital: licences, rooms, beds, equipment with its tests, and the people with what entitles them."""
