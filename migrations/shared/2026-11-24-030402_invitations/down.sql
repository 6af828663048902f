DROP INDEX users_status;
DROP INDEX users_role;
DROP TABLE reports;
DROP TABLE shortlist_entries;
DROP TABLE invitation_messages;
DROP TABLE invitations;
