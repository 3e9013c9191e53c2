//! How fast files are backed up and written back in a node: 1 GB in 10 000 files, beside `tar` and `zstd` on the same data in the same run.
//!
//! `cargo bench --profile dev --bench backup [-- FILES KILOBYTES]`; needs Docker Engine, its command line, `tar` and `zstd`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on may panic, and it prints")]

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use taster::agent::FilesRequest;
use taster::run::{RunId, RunLock, lock_domain};
use taster::swarm::engine;
use taster::swarm::labels::Owner;
use taster::swarm::node::{Cluster, NodeOptions};

/// Where the data is in the node: on the file system on which its engine has volumes.
const DATA: &str = "/var/lib/docker/bench-data";

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let (files, kilobytes) = (numbers.next().unwrap_or(10_000), numbers.next().unwrap_or(100));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files, kilobytes);
    tokio::runtime::Runtime::new().unwrap().block_on(measure(folder.path(), files, kilobytes));
}

/// Files that compress to about a half, as documents and pictures together do.
fn write(folder: &Path, files: usize, kilobytes: usize) {
    for number in 0..files {
        let inner = folder.join(format!("data/{:03}", number / 100));
        std::fs::create_dir_all(&inner).unwrap();
        let mut file = std::fs::File::create(inner.join(format!("{number}.bin"))).unwrap();
        for _ in 0..kilobytes {
            let mut block = [0_u8; 1000];
            rand::Fill::fill(&mut block[..500], &mut rand::rng());
            file.write_all(&block).unwrap();
        }
    }
}

async fn measure(folder: &Path, files: usize, kilobytes: usize) {
    let host = engine::connect().await.unwrap();
    let id = RunId::new("bench");
    let lock = RunLock::take(&id).unwrap();
    let owner = Owner { run: id.to_string(), domain: lock_domain().unwrap(), scratch: lock.scratch().to_owned() };
    let options = NodeOptions { executable: Some(env!("CARGO_BIN_EXE_taster").into()), ..NodeOptions::default() };
    let cluster = Cluster::start(&host, &owner, &options).await.unwrap();
    let node = cluster.manager();
    let data = folder.join("data");
    let copied = Command::new("docker").args(["cp", data.to_str().unwrap(), &format!("{}:{DATA}", node.name)]).status();
    assert!(copied.unwrap().success(), "the data goes into the node");
    let megabytes = (files * kilobytes) as f64 / 1000.0;
    println!("{files} files of {kilobytes} kB, {megabytes:.0} MB; medians of 3, seconds");
    let (mut described, mut saved, mut loaded, mut packed, mut unpacked) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..3 {
        let store = format!("round-{round}");
        let describe = FilesRequest::Describe { root: DATA.to_owned(), paths: Vec::new() };
        let save = FilesRequest::Save { root: DATA.to_owned(), paths: Vec::new(), store: store.clone() };
        for (request, times) in [
            (describe, &mut described),
            (save, &mut saved),
            (FilesRequest::Load { store, root: DATA.to_owned(), whole: false }, &mut loaded),
        ] {
            let (begun, mut seen) = (Instant::now(), 0);
            node.link.files(request, |_| seen += 1).await.unwrap();
            times.push(begun.elapsed().as_secs_f64());
            assert!(seen > files, "every file and folder is told");
        }
        let archive = folder.join("archive.tar.zst");
        let shell = |line: &str| {
            let begun = Instant::now();
            assert!(Command::new("sh").args(["-c", line]).current_dir(folder).status().unwrap().success());
            begun.elapsed().as_secs_f64()
        };
        packed.push(shell("tar -cf - data | zstd -q -f -T0 -o archive.tar.zst"));
        unpacked.push(shell("mkdir out && zstd -q -dc archive.tar.zst | tar -xf - -C out"));
        std::fs::remove_dir_all(folder.join("out")).unwrap();
        std::fs::remove_file(archive).unwrap();
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let rows = [
        ("described", median(&mut described)),
        ("backed up", median(&mut saved)),
        ("written back", median(&mut loaded)),
    ];
    let (pack, unpack) = (median(&mut packed), median(&mut unpacked));
    for (what, seconds) in rows.into_iter().chain([("tar | zstd", pack), ("zstd | tar", unpack)]) {
        println!("{what:>14}  {seconds:6.2}  {:7.0} MB/s", megabytes / seconds);
    }
    println!("backup: {:.2} × the throughput of tar and zstd; restore: {:.2} ×", pack / rows[1].1, unpack / rows[2].1);
    cluster.remove().await.unwrap();
}
