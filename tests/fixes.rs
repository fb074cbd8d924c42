//! `rick lint --fix`.
