//! `taster test --keep` and `--shell-on-failure`: what a person does with a run that is held.

use std::io::IsTerminal as _;

use tokio::io::AsyncBufReadExt as _;

use crate::trial::{Held, Hold, When};

/// Holds at the end until Enter is pressed.
pub(super) fn keep() -> Hold {
    Hold::new(When::AtEnd, |held| async move {
        tell(&held);
        wait().await;
    })
}

/// Opens a shell in the container at fault when a step fails; where there is no terminal or no container, tells how to look instead.
pub(super) fn shell() -> Hold {
    Hold::new(When::AtFailure, |held| async move {
        tell(&held);
        let Some((service, container)) = held.container.clone().filter(|_| std::io::stdin().is_terminal()) else {
            return wait().await;
        };
        eprintln!("a shell in {service}; the run ends when you leave it");
        let mut docker = tokio::process::Command::new("docker");
        docker.args(["-H", &held.docker_host, "exec", "-it", &container, "sh"]).kill_on_drop(true);
        match docker.status().await {
            Ok(status) if status.success() => {}
            Ok(status) if matches!(status.code(), Some(126 | 127)) => {
                eprintln!("the container has no shell");
                wait().await;
            }
            Ok(status) => eprintln!("the shell ended with {status}"),
            Err(error) => {
                eprintln!("cannot run docker: {error}");
                wait().await;
            }
        }
    })
}

fn tell(held: &Held) {
    if let Some(step) = &held.failed {
        eprintln!("{step} failed; everything is kept as it is");
    }
    eprintln!("the node is up, with the stack {}; look at it from another terminal:", held.stack);
    eprintln!("  export DOCKER_HOST={}", held.docker_host);
    eprintln!("  docker stack ps --no-trunc {}", held.stack);
    if let Some((_, container)) = &held.container {
        let short: String = container.chars().take(12).collect();
        eprintln!("  docker exec -it {short} sh");
    }
}

/// Until Enter is pressed, or standard input ends; Ctrl-C ends the run as ever.
async fn wait() {
    eprintln!("press Enter to remove it");
    let mut line = String::new();
    let mut input = tokio::io::BufReader::new(tokio::io::stdin());
    // An input that cannot be read is one that has ended.
    let _ = input.read_line(&mut line).await;
}
