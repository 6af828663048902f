DELETE FROM timers WHERE room = 'vetting';
DROP TABLE vetting_appeals;
DROP TABLE vetted_events;
ALTER TABLE vetted_developers DROP COLUMN changed_at;
ALTER TABLE vetting_applications DROP COLUMN answer_by;
