//! A real registry: Debian's `docker-registry` on the loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A registry that ends with this value.
pub(crate) struct DockerRegistry {
    process: Child,
    pub(crate) address: String,
    data: TempDir,
}

impl DockerRegistry {
    /// Starts one at a free port.
    pub(crate) fn start() -> Self {
        let address = free_address();
        let data = TempDir::with_prefix("taster-registry-").unwrap();
        let config = data.path().join("config.yml");
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            data.path().join("data").display()
        );
        std::fs::write(&config, text).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs the package docker-registry: {error}"));
        let registry = Self { process, address, data };
        let begun = Instant::now();
        while !registry.answers() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the registry at {} does not answer", registry.address);
            std::thread::sleep(Duration::from_millis(50));
        }
        registry
    }

    /// Where it keeps what it was given.
    #[allow(dead_code, reason = "not every crate looks there")]
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return false };
        let request = format!("GET /v2/ HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        let mut answer = String::new();
        stream.write_all(request.as_bytes()).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.starts_with("HTTP/1.0 200")
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address of the loopback at which nothing listens.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
