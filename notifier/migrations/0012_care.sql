-- What is thrown away by age is found by its age: checks in the order of their making, installs by their own number.

CREATE INDEX accepted_risks_by_install ON accepted_risks (install_no);
