//! A file for each command: arguments in, one library call, one report out.
