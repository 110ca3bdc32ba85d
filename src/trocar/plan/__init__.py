"""What is known and intended: patients, images, structures, seeds, needles, prescriptions, plans."""
