"""What is known to be faulty: defects, their revisions and life, and who decided what."""
