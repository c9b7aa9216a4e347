"""Appeals: filed by the department, decided by somebody who took no part."""
