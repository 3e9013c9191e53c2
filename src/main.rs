//! The `taster` program.

fn main() -> std::process::ExitCode {
    taster::cli::main()
}
