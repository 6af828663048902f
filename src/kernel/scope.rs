//! What an API key may be used for.

use crate::words;

words! {
    /// What an API key may be used for.
    pub enum Scope {
        /// Read the organisation and its members.
        OrganizationRead => "organization:read",
        /// Read job requests, their shortlists, and invitations with their messages.
        JobRequestsRead => "job_requests:read",
        /// Write, change, open, pause and close job requests; keep shortlists.
        JobRequestsWrite => "job_requests:write",
        /// Ask who fits, and read profiles and résumés.
        MatchesRead => "matches:read",
        /// Read trials with their contracts, hours and what goes with them.
        TrialsRead => "trials:read",
        /// Listen to events.
        EventsRead => "events:read",
        /// Read webhooks and their deliveries.
        WebhooksRead => "webhooks:read",
        /// Make, change and take away webhooks, and have deliveries sent again; to make or change one it takes `events:read` as well.
        WebhooksWrite => "webhooks:write",
    }
}
