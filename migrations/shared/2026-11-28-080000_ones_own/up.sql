-- Who wrote or did something: what a person is given with the export, and what is erased, is found without reading everybody's.
CREATE INDEX shortlist_entries_author ON shortlist_entries (added_by);
CREATE INDEX invitation_messages_author ON invitation_messages (author_id);
CREATE INDEX invitations_author ON invitations (invited_by);
CREATE INDEX match_runs_asker ON match_runs (asked_by);
CREATE INDEX job_requests_author ON job_requests (created_by);
CREATE INDEX trial_signatures_signer ON trial_signatures (user_id);
CREATE INDEX trial_events_actor ON trial_events (user_id);
CREATE INDEX timesheet_events_actor ON timesheet_events (user_id);
CREATE INDEX check_ins_author ON check_ins (answered_by);
CREATE INDEX reviews_author ON reviews (written_by);

-- What is looked for every hour, because it is too old.
CREATE INDEX users_unverified ON users (created_at) WHERE verified_at IS NULL;
CREATE INDEX mail_tokens_expiry ON mail_tokens (expires_at);
CREATE INDEX developers_updated ON developers (updated_at);
