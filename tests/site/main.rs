//! The site in a real Chromium, opened from a folder as a reader opens it; without a Chromium these tests fail.
//!
//! With `TASTER_SHOTS=DIR` the list and a recipe's page are left there as pictures, at three widths and in both schemes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should panic where it stands"
)]

mod chromium;
mod files;
mod list;
mod pages;
mod sample;
mod writing;
