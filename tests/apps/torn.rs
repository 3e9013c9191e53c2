//! Dumps that end in the middle though the hook says that all is well, as when what writes them is killed behind a pipe: the database itself
//! must show it, without any probe of the scenario.

use taster::record::{Outcome, StepKind};

use crate::Bench;

impl Bench {
    /// Leaves what the scenario writes, and takes away everything that reads it.
    fn forget_probes(&self) {
        let path = self.repository.join("tests/taster.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let seeds = text.find("[[probe]]").map(|at| &text[..at]).unwrap();
        assert!(seeds.contains("[[seed]]"), "{text}");
        std::fs::write(&path, seeds).unwrap();
    }

    /// The restore fails because this database lacks rows of this table, and the backup before it passed.
    async fn is_found_torn(&self, database: &str, table: &str) {
        let summary = self.steps(None, &[StepKind::Restore]).await;
        let of = |kind| summary.steps.iter().find(|step| step.kind == kind).unwrap();
        assert_eq!(of(StepKind::Backup).outcome, Outcome::Passed, "the hook says that all is well: {summary:#?}");
        let restore = of(StepKind::Restore);
        assert_eq!((restore.outcome, restore.class.as_deref()), (Outcome::Failed, Some("data-lost")), "{restore:#?}");
        assert!(restore.reason.contains(&format!("{database} holds less after the restore")), "{restore:#?}");
        let lost = format!("{table}: 0 of ");
        assert!(
            restore.evidence.iter().any(|piece| piece.kind == "tables" && piece.text.contains(&lost)),
            "{restore:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ihatemoney_whose_dump_ends_in_the_middle_is_found_torn_by_the_database_itself() {
    let bench = Bench::new("ihatemoney");
    bench.forget_probes();
    let whole = "mv /dumps/backup.sql.new /dumps/backup.sql\n";
    // People come after bills, and nothing follows them.
    bench.plant_in("pg_backup.sh", whole, "sed '/^COPY public.person /Q' /dumps/backup.sql.new >/dumps/backup.sql\n");
    bench.is_found_torn("PostgreSQL in db", "public.person").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wordpress_whose_dump_ends_in_the_middle_is_found_torn_by_the_database_itself() {
    let bench = Bench::new("wordpress");
    bench.forget_probes();
    // The pipe hides from the hook that what writes the dump was ended.
    bench.plant(
        "--result-file=/var/lib/mysql/dump.sql wordpress'",
        r#"wordpress | sed \"/^INSERT INTO .wp_posts. VALUES/Q\" >/var/lib/mysql/dump.sql'"#,
    );
    bench.is_found_torn("MariaDB or MySQL in db", "wp_posts").await;
}
