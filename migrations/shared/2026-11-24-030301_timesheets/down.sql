DROP TABLE timesheets;
