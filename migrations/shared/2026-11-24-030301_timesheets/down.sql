DROP TABLE timesheet_events;
DROP TABLE timesheets;
