//! How backup-bot reads a stack: the deploy labels of its second version, and the one of its first that is still common
//! (recipe-format.md §6).

use std::collections::BTreeMap;

use super::project::{Project, Service, ServiceVolume};

/// Switches the backup of the whole stack on.
const SWITCH: &str = "backupbot.backup";
/// Paths in the container, as the first version of the bot takes them.
const FIRST_VERSION: &str = "backupbot.backup.path";
/// Before the name of a volume.
const VOLUMES: &str = "backupbot.backup.volumes.";

/// What the bot runs in a service's container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before the files are read.
    pub before_backup: Option<String>,
    /// After that.
    pub after_backup: Option<String>,
    /// Before the files are written back.
    pub before_restore: Option<String>,
    /// After that.
    pub after_restore: Option<String>,
}

/// What the bot takes of one volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// All of it.
    Whole,
    /// These paths, from the volume's root.
    Paths(Vec<String>),
    /// Nothing: a label leaves it out, or none names it.
    Nothing,
}

/// What the bot does with a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backup {
    /// Some service switches it on.
    pub is_on: bool,
    /// The hooks of each service that has any.
    pub hooks: BTreeMap<String, Hooks>,
    /// What is taken of each volume that a service mounts, by its key.
    pub volumes: BTreeMap<String, Selected>,
    /// Paths in containers that lie in no volume, by service: the first version takes those as well.
    pub containers: BTreeMap<String, Vec<String>>,
}

impl Backup {
    /// Reads the labels of a project.
    ///
    /// A label about a volume holds for the stack, whichever service carries it. Where a service has the label of the first version and
    /// none is about a volume, only the paths that it names are taken, as that version does.
    pub fn of(project: &Project) -> Self {
        let mut backup = Self::default();
        let of_first = |service: &Service| service.deploy.labels.contains_key(FIRST_VERSION);
        let has_volume_label = |service: &Service| service.deploy.labels.keys().any(|label| label.starts_with(VOLUMES));
        let is_first = project.services().any(|(_, service)| of_first(service))
            && !project.services().any(|(_, service)| has_volume_label(service));
        for (name, service) in project.services() {
            backup.is_on |= service.deploy.labels.get(SWITCH).is_some_and(|value| is_true(value));
            let hooks = hooks(service);
            if hooks != Hooks::default() {
                backup.hooks.insert(name.to_owned(), hooks);
            }
            for mount in volumes(service) {
                let all = if is_first { Selected::Nothing } else { Selected::Whole };
                backup.volumes.entry(mount.source.clone()).or_insert(all);
            }
        }
        for (name, service) in project.services() {
            backup.volume_labels(service);
            if is_first {
                backup.first_version(name, service);
            }
        }
        backup
    }

    fn volume_labels(&mut self, service: &Service) {
        for (label, value) in &service.deploy.labels {
            let Some(rest) = label.strip_prefix(VOLUMES) else { continue };
            let (volume, is_path) = match rest.strip_suffix(".path") {
                Some(volume) => (volume, true),
                None => (rest, false),
            };
            let Some(selected) = self.volumes.get_mut(volume) else { continue };
            if is_path {
                // What is left out stays so.
                if *selected != Selected::Nothing {
                    *selected = Selected::Paths(paths(value).collect());
                }
            } else if value.trim().eq_ignore_ascii_case("false") {
                *selected = Selected::Nothing;
            }
        }
    }

    fn first_version(&mut self, name: &str, service: &Service) {
        for path in service.deploy.labels.get(FIRST_VERSION).into_iter().flat_map(|value| paths(value)) {
            let mounts = volumes(service).filter_map(|mount| Some((mount, below(&path, &mount.target)?)));
            // The innermost mount holds the path.
            match mounts.max_by_key(|(mount, _)| mount.target.len()) {
                Some((mount, "")) => drop(self.volumes.insert(mount.source.clone(), Selected::Whole)),
                Some((mount, rest)) => match self.volumes.get_mut(&mount.source) {
                    Some(Selected::Whole) => {}
                    Some(Selected::Paths(paths)) => paths.push(rest.to_owned()),
                    _ => {
                        self.volumes.insert(mount.source.clone(), Selected::Paths(vec![rest.to_owned()]));
                    }
                },
                None => self.containers.entry(name.to_owned()).or_default().push(path),
            }
        }
    }
}

fn hooks(service: &Service) -> Hooks {
    let hook = |name: &str| {
        let command = service.deploy.labels.get(&format!("backupbot.{name}-hook"));
        command.filter(|command| !command.trim().is_empty()).cloned()
    };
    Hooks {
        before_backup: hook("backup.pre"),
        after_backup: hook("backup.post"),
        before_restore: hook("restore.pre"),
        after_restore: hook("restore.post"),
    }
}

fn is_true(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("true")
}

fn paths(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned)
}

/// Whether some service says if the stack is backed up.
pub fn is_said(project: &Project) -> bool {
    project.services().any(|(_, service)| service.deploy.labels.contains_key(SWITCH))
}

/// The volumes with names that a service mounts: what the bot can take.
pub fn volumes(service: &Service) -> impl Iterator<Item = &ServiceVolume> {
    service.volumes.iter().filter(|mount| matches!(mount.kind.as_str(), "" | "volume") && !mount.source.is_empty())
}

/// What is left of a path below another one: empty for the same.
pub fn below<'p>(path: &'p str, above: &str) -> Option<&'p str> {
    let rest = path.trim_end_matches('/').strip_prefix(above.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(app: &[(&str, &str)], db: &[(&str, &str)]) -> Backup {
        let mut project = Project::default();
        let mounts = [("app", "data:/data", app), ("db", "db:/var/lib/db", db)];
        for (name, mount, labels) in mounts {
            let (source, target) = mount.split_once(':').unwrap();
            let mut service = Service::default();
            service.volumes.push(ServiceVolume {
                kind: "volume".to_owned(),
                source: source.to_owned(),
                target: target.to_owned(),
                ..ServiceVolume::default()
            });
            for (label, value) in labels {
                service.deploy.labels.insert(format!("backupbot.{label}"), (*value).to_owned());
            }
            project.services.insert(name.to_owned(), service);
        }
        Backup::of(&project)
    }

    #[test]
    fn switched_on_in_one_service_every_volume_of_the_stack_is_taken() {
        let backup = read(&[("backup", "true"), ("backup.pre-hook", "a"), ("restore.post-hook", "b")], &[]);
        assert!(backup.is_on && backup.volumes.values().all(|selected| *selected == Selected::Whole));
        assert_eq!(backup.volumes.len(), 2);
        let hooks = &backup.hooks["app"];
        assert_eq!((hooks.before_backup.as_deref(), hooks.after_restore.as_deref()), (Some("a"), Some("b")));
        assert!(!read(&[("backup", "false")], &[]).is_on && !read(&[], &[]).is_on);
    }

    #[test]
    fn volumes_are_left_out_and_paths_chosen() {
        let backup = read(
            &[("backup", "True"), ("backup.volumes.data.path", "a, b/c,")],
            &[("backup.volumes.db", "false"), ("backup.volumes.db.path", "x"), ("backup.volumes.other", "false")],
        );
        assert_eq!(backup.volumes["data"], Selected::Paths(vec!["a".to_owned(), "b/c".to_owned()]));
        assert_eq!(backup.volumes["db"], Selected::Nothing);
        assert!(!backup.volumes.contains_key("other"));
    }

    #[test]
    fn paths_of_the_first_version_are_those_of_the_container() {
        let backup = read(&[("backup", "true"), ("backup.path", "/data/a/,/etc/app,/data/b,/database")], &[]);
        assert_eq!(backup.volumes["data"], Selected::Paths(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(backup.volumes["db"], Selected::Nothing, "nothing names it");
        assert_eq!(backup.containers["app"], ["/etc/app", "/database"]);
        let whole = read(&[("backup", "true"), ("backup.path", "/data/a,/data")], &[]);
        assert_eq!(whole.volumes["data"], Selected::Whole);
        // With labels of both versions the second one's hold.
        let both = read(&[("backup.path", "/data/a")], &[("backup.volumes.db.path", "dump")]);
        assert_eq!(both.volumes["data"], Selected::Whole);
    }
}
