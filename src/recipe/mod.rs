//! A recipe at a revision: its files, `.env` grammar, `abra.sh`, README metadata, versions and release notes.
