//! The 30-day trial: its contract, its process table, its timers.
