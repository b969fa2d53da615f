"""What is measured on the trained networks of a study, part by part."""
