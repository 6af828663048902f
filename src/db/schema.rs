//! Every table, for Diesel. `tests/schema.rs` compares it with what the migrations make on both databases.

diesel::table! {
    changes (id) {
        id -> BigInt,
        kind -> Text,
        subject -> Text,
        at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    changes_forgotten (id) {
        id -> BigInt,
        up_to -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (user_id, route, idempotency_key) {
        user_id -> Text,
        route -> Text,
        idempotency_key -> Text,
        fingerprint -> Text,
        answer_version -> Nullable<BigInt>,
        answer_body -> Text,
        created_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    timers (subject, step) {
        subject -> Text,
        step -> Text,
        room -> Text,
        due_at -> crate::db::types::InstantSql,
        leased_until -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    throttles (bucket) {
        bucket -> Text,
        hits -> BigInt,
        window_ends_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    audit_entries (id) {
        id -> Text,
        at -> crate::db::types::InstantSql,
        actor_id -> Nullable<Text>,
        role -> Text,
        action -> Text,
        subject -> Text,
        details_json -> Text,
        request_id -> Nullable<Text>,
        position -> Nullable<BigInt>,
        hash -> Nullable<Text>,
        reason_hash -> Nullable<Text>,
    }
}

diesel::table! {
    audit_reasons (entry_id) {
        entry_id -> Text,
        salt -> Text,
        reason -> Text,
    }
}

diesel::table! {
    audit_head (id) {
        id -> BigInt,
        position -> BigInt,
        hash -> Text,
        sealed_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        anchor -> Text,
        recipient_key -> Text,
        recipient_email -> Text,
        recipient_name -> Text,
        recipient_time_zone -> Text,
        letter_json -> Text,
        state -> Text,
        attempts -> BigInt,
        due_at -> crate::db::types::InstantSql,
        give_up_at -> crate::db::types::InstantSql,
        leased_until -> Nullable<crate::db::types::InstantSql>,
        last_error -> Nullable<Text>,
        created_at -> crate::db::types::InstantSql,
        sent_at -> Nullable<crate::db::types::InstantSql>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        email -> Text,
        email_key -> Text,
        name -> Text,
        role -> Text,
        status -> Text,
        time_zone -> Text,
        password_hash -> Nullable<Text>,
        verified_at -> Nullable<crate::db::types::InstantSql>,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    organizations (id) {
        id -> Text,
        name -> Text,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    members (user_id) {
        user_id -> Text,
        organization_id -> Text,
        role -> Text,
        joined_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        user_id -> Text,
        client -> Text,
        generation -> BigInt,
        created_at -> crate::db::types::InstantSql,
        rotated_at -> crate::db::types::InstantSql,
        ends_at -> crate::db::types::InstantSql,
        revoked_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    running_figures (week, measure, name) {
        week -> Date,
        measure -> Text,
        name -> Text,
        amount -> BigInt,
        total -> BigInt,
    }
}

diesel::table! {
    statistics_head (id) {
        id -> BigInt,
        week -> Nullable<Date>,
        rolled_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    calendar_feeds (user_id) {
        user_id -> Text,
        secret_hash -> Text,
        created_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Text,
        sealed_by -> Text,
        sealed_secret -> Text,
        last_step -> BigInt,
        created_at -> crate::db::types::InstantSql,
        confirmed_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    identities (id) {
        id -> Text,
        user_id -> Text,
        issuer -> Text,
        subject -> Text,
        provider -> Text,
        created_at -> crate::db::types::InstantSql,
        last_used_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    provider_sign_ins (id) {
        id -> Text,
        provider -> Text,
        created_at -> crate::db::types::InstantSql,
        expires_at -> crate::db::types::InstantSql,
        claimed_at -> Nullable<crate::db::types::InstantSql>,
        issuer -> Nullable<Text>,
        subject -> Nullable<Text>,
        email -> Nullable<Text>,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> Text,
        code_hash -> Text,
    }
}

diesel::table! {
    mail_tokens (id) {
        id -> Text,
        user_id -> Text,
        purpose -> Text,
        detail_json -> Text,
        created_at -> crate::db::types::InstantSql,
        expires_at -> crate::db::types::InstantSql,
        used_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    erasures (user_id) {
        user_id -> Text,
        cause -> Text,
        asked_at -> crate::db::types::InstantSql,
        due_at -> crate::db::types::InstantSql,
        keep_token -> Nullable<Text>,
        erased_at -> Nullable<crate::db::types::InstantSql>,
        tidied_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    skills (slug) {
        slug -> Text,
        name -> Text,
        category -> Text,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    skill_aliases (alias) {
        alias -> Text,
        slug -> Text,
    }
}

diesel::table! {
    skill_neighbors (slug, neighbor) {
        slug -> Text,
        neighbor -> Text,
        weight -> BigInt,
    }
}

diesel::table! {
    skill_substitutes (slug, substitute) {
        slug -> Text,
        substitute -> Text,
        weight -> BigInt,
    }
}

diesel::table! {
    developers (id) {
        id -> Text,
        user_id -> Text,
        headline -> Nullable<Text>,
        summary -> Nullable<Text>,
        seniority -> Nullable<Text>,
        rate_amount -> Nullable<BigInt>,
        rate_currency -> Nullable<Text>,
        hours_per_week -> Nullable<BigInt>,
        available_from -> Nullable<Date>,
        time_zone -> Nullable<Text>,
        works_from -> Nullable<BigInt>,
        works_to -> Nullable<BigInt>,
        country -> Nullable<Text>,
        languages_json -> Text,
        domains_json -> Text,
        experience_json -> Text,
        links_json -> Text,
        preferences_json -> Text,
        synthetic -> Bool,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
        updated_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    developer_skills (developer_id, slug) {
        developer_id -> Text,
        slug -> Text,
        level -> BigInt,
        years -> Double,
    }
}

diesel::table! {
    commitments (id) {
        id -> Text,
        developer_id -> Text,
        trial_id -> Text,
        hours_per_week -> BigInt,
        starts_at -> crate::db::types::InstantSql,
        ends_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    disclosures (developer_id, organization_id) {
        developer_id -> Text,
        organization_id -> Text,
        disclosed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    blocks (developer_id, organization_id, blocked_by) {
        developer_id -> Text,
        organization_id -> Text,
        blocked_by -> Text,
        blocked_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    vetting_applications (id) {
        id -> Text,
        developer_id -> Text,
        state -> Text,
        remembered_stage -> Nullable<Text>,
        reviewer_id -> Nullable<Text>,
        questions -> Nullable<Text>,
        answers -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        message -> Nullable<Text>,
        retry_after -> Nullable<crate::db::types::InstantSql>,
        answer_by -> Nullable<crate::db::types::InstantSql>,
        skipped_stages_json -> Text,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    scorecards (application_id, stage, reviewer_id) {
        application_id -> Text,
        stage -> Text,
        reviewer_id -> Text,
        criteria_json -> Text,
        recommendation -> Text,
        verified_skills_json -> Text,
        feedback -> Nullable<Text>,
        private_notes -> Nullable<Text>,
        version -> BigInt,
        written_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    vetting_events (id) {
        id -> Text,
        application_id -> Text,
        version -> BigInt,
        action -> Text,
        actor -> Text,
        user_id -> Nullable<Text>,
        from_state -> Nullable<Text>,
        to_state -> Text,
        reason_code -> Nullable<Text>,
        message -> Nullable<Text>,
        occurred_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    vetted_developers (developer_id) {
        developer_id -> Text,
        application_id -> Nullable<Text>,
        status -> Text,
        approved_at -> crate::db::types::InstantSql,
        valid_until -> crate::db::types::InstantSql,
        version -> BigInt,
        changed_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    vetted_events (id) {
        id -> Text,
        developer_id -> Text,
        version -> BigInt,
        action -> Text,
        actor -> Text,
        user_id -> Nullable<Text>,
        from_status -> Nullable<Text>,
        to_status -> Text,
        reason_code -> Nullable<Text>,
        message -> Nullable<Text>,
        occurred_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    vetting_appeals (subject, decision_version) {
        subject -> Text,
        decision_version -> BigInt,
        developer_id -> Text,
        message -> Text,
        outcome -> Nullable<Text>,
        answer -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        made_at -> crate::db::types::InstantSql,
        decided_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    verified_skills (developer_id, slug) {
        developer_id -> Text,
        slug -> Text,
        level -> BigInt,
        verified_at -> crate::db::types::InstantSql,
        expires_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    job_requests (id) {
        id -> Text,
        organization_id -> Text,
        created_by -> Text,
        state -> Text,
        title -> Text,
        description -> Text,
        seniority_json -> Text,
        domains_json -> Text,
        legal_country_limit_json -> Text,
        rate_amount -> BigInt,
        rate_currency -> Text,
        hours_per_week -> BigInt,
        starts_on -> Date,
        duration_weeks -> Nullable<BigInt>,
        time_zone -> Text,
        works_from -> Nullable<BigInt>,
        works_to -> Nullable<BigInt>,
        overlap_hours -> Double,
        languages_json -> Text,
        seats -> BigInt,
        seats_taken -> BigInt,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
        updated_at -> crate::db::types::InstantSql,
        published -> Bool,
    }
}

diesel::table! {
    job_request_skills (job_request_id, position) {
        job_request_id -> Text,
        position -> BigInt,
        slug -> Text,
        min_level -> BigInt,
        min_years -> Nullable<Double>,
        must -> Bool,
        weight -> BigInt,
        allow_adjacent -> Bool,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        job_request_id -> Text,
        developer_id -> Text,
        organization_id -> Text,
        invited_by -> Text,
        state -> Text,
        message -> Text,
        reason_code -> Nullable<Text>,
        answer_expected_by -> crate::db::types::InstantSql,
        lapses_at -> crate::db::types::InstantSql,
        answered_at -> Nullable<crate::db::types::InstantSql>,
        client_mailed_at -> Nullable<crate::db::types::InstantSql>,
        developer_mailed_at -> Nullable<crate::db::types::InstantSql>,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    invitation_messages (id) {
        id -> Text,
        invitation_id -> Text,
        party -> Text,
        author_id -> Text,
        body -> Text,
        call_times_json -> Text,
        written_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    shortlist_entries (job_request_id, developer_id) {
        job_request_id -> Text,
        developer_id -> Text,
        notes -> Nullable<Text>,
        added_by -> Text,
        added_at -> crate::db::types::InstantSql,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    reports (id) {
        id -> Text,
        reporter_id -> Text,
        subject -> Text,
        category -> Text,
        message -> Text,
        state -> Text,
        note -> Nullable<Text>,
        handled_by -> Nullable<Text>,
        handled_at -> Nullable<crate::db::types::InstantSql>,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    trials (id) {
        id -> Text,
        job_request_id -> Text,
        developer_id -> Text,
        organization_id -> Text,
        offered_by -> Text,
        state -> Text,
        outcome -> Nullable<Text>,
        terms_version -> BigInt,
        starts_on -> Date,
        starts_at -> crate::db::types::InstantSql,
        trial_days -> BigInt,
        extension_days -> BigInt,
        paused_days -> BigInt,
        ends_at -> crate::db::types::InstantSql,
        grace_until -> crate::db::types::InstantSql,
        paused_at -> Nullable<crate::db::types::InstantSql>,
        paused_by -> Nullable<Text>,
        offer_expires_at -> crate::db::types::InstantSql,
        accept_blocked -> Nullable<Text>,
        last_day -> Nullable<Date>,
        reason_code -> Nullable<Text>,
        message -> Nullable<Text>,
        replaces -> Nullable<Text>,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    trial_terms (trial_id, version) {
        trial_id -> Text,
        version -> BigInt,
        document -> Text,
        sha256 -> Text,
        proposed_by -> Text,
        proposed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    trial_signatures (trial_id, party, terms_version) {
        trial_id -> Text,
        party -> Text,
        terms_version -> BigInt,
        user_id -> Text,
        sha256 -> Text,
        signed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    trial_proposals (trial_id) {
        trial_id -> Text,
        action -> Text,
        party -> Text,
        content_json -> Text,
        proposed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    trial_conversions (trial_id) {
        trial_id -> Text,
        content_json -> Text,
    }
}

diesel::table! {
    trial_events (id) {
        id -> Text,
        trial_id -> Text,
        version -> BigInt,
        action -> Text,
        actor -> Text,
        user_id -> Nullable<Text>,
        from_state -> Nullable<Text>,
        to_state -> Text,
        reason_code -> Nullable<Text>,
        message -> Nullable<Text>,
        occurred_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    timesheets (trial_id, iso_week) {
        trial_id -> Text,
        iso_week -> Text,
        state -> Text,
        days_json -> Text,
        submitted_at -> Nullable<crate::db::types::InstantSql>,
        due_at -> Nullable<crate::db::types::InstantSql>,
        version -> BigInt,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    timesheet_events (trial_id, iso_week, version) {
        trial_id -> Text,
        iso_week -> Text,
        version -> BigInt,
        action -> Text,
        actor -> Text,
        user_id -> Nullable<Text>,
        to_state -> Text,
        message -> Nullable<Text>,
        occurred_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    notification_preferences (user_id, kind) {
        user_id -> Text,
        kind -> Text,
        enabled -> Bool,
    }
}

diesel::table! {
    match_openings (job_request_id) {
        job_request_id -> Text,
        demands_hash -> Text,
        recorded_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    match_fits (job_request_id, developer_id) {
        job_request_id -> Text,
        developer_id -> Text,
        found_at -> crate::db::types::InstantSql,
        client_told_at -> Nullable<crate::db::types::InstantSql>,
        developer_told_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    match_runs (id) {
        id -> Text,
        job_request_id -> Text,
        request_version -> BigInt,
        organization_id -> Text,
        asked_by -> Text,
        scoring_version -> Text,
        day -> Date,
        index_version -> BigInt,
        pool -> BigInt,
        total -> BigInt,
        gates_json -> Text,
        result_hash -> Text,
        asked_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    match_run_results (run_id, rank) {
        run_id -> Text,
        rank -> BigInt,
        developer_id -> Text,
        score_hundredths -> BigInt,
        factors_json -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    calendar_feeds,
    running_figures,
    statistics_head,
    second_factors,
    idempotency_keys,
    timers,
    throttles,
    audit_entries,
    audit_reasons,
    outbox,
    users,
    organizations,
    members,
    sessions,
    mail_tokens,
    skills,
    skill_aliases,
    skill_neighbors,
    skill_substitutes,
    developers,
    developer_skills,
    commitments,
    disclosures,
    blocks,
    vetting_applications,
    scorecards,
    vetting_events,
    vetted_developers,
    vetted_events,
    vetting_appeals,
    verified_skills,
    job_requests,
    job_request_skills,
    invitations,
    invitation_messages,
    shortlist_entries,
    reports,
    trials,
    trial_terms,
    trial_signatures,
    trial_proposals,
    trial_conversions,
    trial_events,
    timesheets,
    timesheet_events,
    notification_preferences,
    match_openings,
    match_fits,
    match_runs,
    match_run_results,
);

diesel::joinable!(members -> organizations (organization_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(audit_reasons -> audit_entries (entry_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(second_factors -> users (user_id));
diesel::joinable!(developers -> users (user_id));
diesel::joinable!(vetted_developers -> developers (developer_id));
diesel::joinable!(vetting_applications -> developers (developer_id));
diesel::joinable!(match_run_results -> match_runs (run_id));
diesel::joinable!(match_runs -> job_requests (job_request_id));

diesel::table! {
    events (id) {
        id -> Text,
        kind -> Text,
        organization_id -> Nullable<Text>,
        developer_id -> Nullable<Text>,
        data_json -> Text,
        occurred_at -> crate::db::types::InstantSql,
        spread -> Bool,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        organization_id -> Text,
        created_by -> Text,
        name -> Text,
        scopes_json -> Text,
        key_hash -> Text,
        created_at -> crate::db::types::InstantSql,
        expires_at -> crate::db::types::InstantSql,
        last_used_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        organization_id -> Nullable<Text>,
        created_by -> Text,
        url -> Text,
        description -> Nullable<Text>,
        event_types_json -> Text,
        enabled -> Bool,
        disabled_because -> Nullable<Text>,
        failing_since -> Nullable<crate::db::types::InstantSql>,
        sealed_by -> Text,
        sealed_secret -> Text,
        former_sealed_by -> Nullable<Text>,
        former_sealed_secret -> Nullable<Text>,
        former_until -> Nullable<crate::db::types::InstantSql>,
        version -> BigInt,
        created_at -> crate::db::types::InstantSql,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        webhook_id -> Text,
        event_id -> Text,
        kind -> Text,
        body -> Text,
        state -> Text,
        attempts -> BigInt,
        due_at -> crate::db::types::InstantSql,
        give_up_at -> crate::db::types::InstantSql,
        leased_until -> Nullable<crate::db::types::InstantSql>,
        answered -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at -> crate::db::types::InstantSql,
        ended_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(webhooks, webhook_deliveries);

diesel::table! {
    reviews (trial_id, party) {
        trial_id -> Text,
        party -> Text,
        developer_id -> Text,
        rating -> BigInt,
        message -> Text,
        written_by -> Text,
        written_at -> crate::db::types::InstantSql,
        visible_at -> Nullable<crate::db::types::InstantSql>,
    }
}

diesel::table! {
    check_ins (trial_id, day, party) {
        trial_id -> Text,
        day -> BigInt,
        party -> Text,
        going_well -> Bool,
        message -> Nullable<Text>,
        answered_by -> Text,
        answered_at -> crate::db::types::InstantSql,
    }
}

diesel::table! {
    hand_overs (trial_id) {
        trial_id -> Text,
        items_json -> Text,
        finished -> Bool,
        version -> BigInt,
        changed_at -> crate::db::types::InstantSql,
    }
}

diesel::allow_tables_to_appear_in_same_query!(trials, check_ins);
