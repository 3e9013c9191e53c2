//! The app over real sockets, as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A running app: ended and waited for when it goes out of scope.
pub(crate) struct App {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    pub(crate) address: SocketAddr,
}

/// `taster demo-app` with these arguments, and nothing from our own environment that it could take for its own.
pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
    command.arg("demo-app").args(["--data", data.to_str().unwrap()]).args(arguments).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl App {
    /// Starts the app and leaves it to itself.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let address = free_port();
        let mut child = command(data, arguments).args(["--listen", &address.to_string()]).spawn().unwrap();
        let (sender, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
            });
        }
        Self { child, lines, seen: Vec::new(), address }
    }

    /// Starts the app and waits until it listens.
    pub(crate) fn up(data: &Path, arguments: &[&str]) -> Self {
        let mut app = Self::start(data, arguments);
        app.says("listening on");
        app
    }

    /// Waits for a line of the log, and returns it.
    #[track_caller]
    pub(crate) fn says(&mut self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!("the app never said {part:?}, only {:?}", self.seen);
    }

    /// Sends a request and returns (status, headers, body).
    pub(crate) fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: notes.test\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.request("GET", path, "", "");
        (status, body)
    }

    pub(crate) fn post_note(&self, text: &str) {
        let (status, _, body) = self.request("POST", "/notes", "", text);
        assert_eq!(status, 201, "{body}");
    }

    /// Waits for the end, and returns how it came and everything that was said.
    #[track_caller]
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.seen.extend(self.lines.iter());
                return (status, self.seen.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the app never ended: {:?}", self.seen);
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a mode of the app that ends by itself: (exit code, standard output, standard error).
pub(crate) fn once(data: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(data, arguments).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
