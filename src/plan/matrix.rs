//! The job matrix of the systems whose runners are the distributed engine.
//!
//! A job is told its number alone and splits by itself: the same recipes and the same history give the same split everywhere. So no name of a
//! recipe ever becomes a part of a command, and systems without artefacts between jobs can do it too.

use std::fmt::Write as _;

use crate::record::ShardPlan;

/// For which system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatrixFormat {
    /// One line of JSON, for `matrix: ${{ fromJSON(…) }}` of GitHub Actions.
    Json,
    /// YAML under a job of Forgejo, Gitea and GitHub Actions.
    Actions,
    /// Drone's pipelines, one for each shard, as documents of one file.
    Drone,
    /// YAML of a Woodpecker workflow.
    Woodpecker,
}

/// The matrix as text. `recipes` is the folder of the recipes, and `image` what has the `taster` command, both as the job sees them.
pub fn matrix(plan: &ShardPlan, format: MatrixFormat, recipes: &str, image: &str) -> String {
    // A runner without work would be a job that ends with "nothing was tested".
    let busy: Vec<_> = plan.shards.iter().filter(|shard| !shard.recipes.is_empty()).collect();
    let of = plan.shards.len();
    let minutes = |seconds: f64| (seconds / 60.0).ceil();
    // A string of JSON is one of YAML.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = match format {
        MatrixFormat::Json => {
            let include = busy.iter().map(|shard| {
                serde_json::json!({ "shard": format!("{}/{of}", shard.shard), "recipes": shard.recipes.len(), "minutes": minutes(shard.seconds) })
            });
            writeln!(out, "{}", serde_json::json!({ "include": include.collect::<Vec<_>>() }))
        }
        MatrixFormat::Actions => {
            out.push_str("strategy:\n  fail-fast: false\n  matrix:\n    include:\n");
            busy.iter().try_for_each(|shard| {
                writeln!(out, "      - shard: {}/{of}\n        recipes: {}\n        minutes: {}", shard.shard, shard.recipes.len(), minutes(shard.seconds))
            })
        }
        MatrixFormat::Woodpecker => {
            out.push_str("matrix:\n  include:\n");
            busy.iter().try_for_each(|shard| writeln!(out, "    - SHARD: {}/{of}", shard.shard))
        }
        MatrixFormat::Drone => busy.iter().try_for_each(|shard| {
            let command = format!("taster test --all --shard {}/{of} {}", shard.shard, shell_words::quote(recipes));
            writeln!(
                out,
                "---\nkind: pipeline\ntype: docker\nname: taster-{}-of-{of}\nsteps:\n  - name: test\n    image: {}\n    commands:\n      - {}",
                shard.shard,
                text(image),
                text(&command)
            )
        }),
    };
    out
}
