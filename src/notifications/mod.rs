//! Mails: the outbox, the letters and the mailer. Addressed by value: knows no other room.
