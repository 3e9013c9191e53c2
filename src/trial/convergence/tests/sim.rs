//! A swarm in miniature: services behave as told, tasks come and go as on 20.10.24, and the judge looks on twice a second.

use std::time::Duration;

use jiff::Timestamp;

use crate::swarm::logs::{LogLine, Output};
use crate::swarm::observe::{
    HealthStatus, HealthView, Healthcheck, Mode, NodeView, Pressure, Probe, RestartCondition, RestartPolicy,
    ServiceView, StackView, TaskState, TaskView,
};
use crate::trial::convergence::{Judge, Params, Verdict};

/// How long a container takes from its task's turn to its start.
const BOOT: Duration = Duration::from_millis(1000);
const TICK: Duration = Duration::from_millis(250);

/// What one container does.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate {
    /// It ends after this time with this exit code.
    pub(super) ends: Option<(Duration, i64)>,
    /// Its healthcheck passes from this time on.
    pub(super) healthy_after: Option<Duration>,
    pub(super) oom: bool,
    /// What it writes, one line a second, from its start; the last one is repeated when it lives longer.
    pub(super) log: Vec<&'static str>,
    /// It ends with 0 when it is told to, instead of having to be killed.
    pub(super) obeys: bool,
    /// What its failing check says.
    pub(super) check: &'static str,
    /// What the engine says instead of starting it.
    pub(super) rejected: Option<&'static str>,
}

pub(super) fn stays() -> Fate {
    Fate::default()
}

pub(super) fn exits(after: f64, code: i64, log: &[&'static str]) -> Fate {
    Fate { ends: Some((Duration::from_secs_f64(after), code)), log: log.to_vec(), ..Fate::default() }
}

pub(super) fn healthy(after: f64) -> Fate {
    Fate { healthy_after: Some(Duration::from_secs_f64(after)), ..Fate::default() }
}

pub(super) fn check(interval: u64, retries: u32, start_period: u64) -> Healthcheck {
    Healthcheck {
        test: vec!["CMD-SHELL".into(), "check".into()],
        interval: Duration::from_secs(interval),
        timeout: Duration::from_secs(5),
        retries,
        start_period: Duration::from_secs(start_period),
    }
}

type Behaviour = Box<dyn Fn(usize, &dyn Fn(&str) -> bool) -> Fate>;

/// One service of the miniature swarm.
pub(super) struct App {
    pub(super) view: ServiceView,
    check: Option<Healthcheck>,
    behaviour: Behaviour,
    fates: Vec<Fate>,
}

impl App {
    /// A service; the behaviour is asked at each start: (attempt, whether a peer is ready now).
    pub(super) fn new(name: &str, behaviour: impl Fn(usize, &dyn Fn(&str) -> bool) -> Fate + 'static) -> Self {
        Self { view: service(name), check: None, behaviour: Box::new(behaviour), fates: Vec::new() }
    }

    pub(super) fn checked(mut self, check: Healthcheck) -> Self {
        self.check = Some(check);
        self
    }

    pub(super) fn restart(mut self, condition: RestartCondition, delay: u64, max_attempts: Option<u64>) -> Self {
        self.view.restart = RestartPolicy { condition, delay: Duration::from_secs(delay), max_attempts };
        self
    }

    pub(super) fn delay(self, seconds: u64) -> Self {
        self.restart(RestartCondition::Any, seconds, None)
    }

    pub(super) fn mode(mut self, mode: Mode) -> Self {
        self.view.desired = match mode {
            Mode::Replicated(replicas) | Mode::ReplicatedJob(replicas) => replicas,
            _ => 1,
        };
        self.view.mode = mode;
        self
    }

    pub(super) fn mentions(mut self, peer: &str) -> Self {
        self.view.mentions.push(peer.into());
        self
    }

    pub(super) fn memory(mut self, limit: u64) -> Self {
        self.view.memory_limit = Some(limit);
        self
    }

    fn is_ready(&self) -> bool {
        self.view.tasks.first().is_some_and(|task| task.state == TaskState::Running)
    }

    fn live(&mut self, now: Timestamp, start: Timestamp, peers: &dyn Fn(&str) -> bool) {
        if self.view.desired == 0 {
            return;
        }
        let attempts = self.view.tasks.len();
        let Some(task) = self.view.tasks.first() else {
            self.push(start, start, attempts);
            return;
        };
        if task.state.is_terminal() {
            return;
        }
        let turn = task.state_at.expect("the simulator sets it");
        if task.started_at.is_none() {
            if now >= turn + BOOT {
                let fate = (self.behaviour)(attempts - 1, peers);
                let task = &mut self.view.tasks[0];
                if let Some(err) = fate.rejected {
                    task.state = TaskState::Rejected;
                    task.err = err.into();
                    task.desired = TaskState::Shutdown;
                    self.fates.push(fate);
                    self.again(now, attempts);
                    return;
                }
                task.started_at = Some(now);
                task.inspected = true;
                task.container_id = Some(format!("c{}", task.id));
                task.healthcheck.clone_from(&self.check);
                task.health = self.check.as_ref().map(|_| HealthView {
                    status: HealthStatus::Starting,
                    failing_streak: 0,
                    probes: Vec::new(),
                });
                task.state = if self.check.is_some() { TaskState::Starting } else { TaskState::Running };
                task.desired = TaskState::Running;
                self.fates.push(fate);
            } else if now >= turn {
                self.view.tasks[0].desired = TaskState::Running;
            }
            return;
        }
        self.run(now, attempts);
    }

    fn run(&mut self, now: Timestamp, attempts: usize) {
        let fate = self.fates.last().cloned().expect("it started");
        let task = &mut self.view.tasks[0];
        let started = task.started_at.expect("it started");
        let age = Duration::try_from(started.duration_until(now)).unwrap_or_default();
        let ended = |task: &mut TaskView, state: TaskState, code: i64, err: String| {
            task.state = state;
            task.desired = TaskState::Shutdown;
            task.exit_code = Some(code);
            task.err = err;
            task.finished_at = Some(now);
        };
        if let Some(health) = &mut task.health {
            let check = task.healthcheck.as_ref().expect("health comes with a check");
            if fate.healthy_after.is_some_and(|after| age >= after) {
                if task.state == TaskState::Starting {
                    task.state = TaskState::Running;
                }
                health.status = HealthStatus::Healthy;
            } else if age >= check.interval {
                let probe =
                    Probe { started_at: Some(now), ended_at: Some(now), exit_code: 1, output: fate.check.into() };
                health.probes = vec![probe; 2];
                if age >= check.allowance() {
                    health.status = HealthStatus::Unhealthy;
                    health.failing_streak = u64::from(check.retries);
                }
                if fate.obeys && health.status == HealthStatus::Unhealthy {
                    ended(task, TaskState::Complete, 0, String::new());
                } else if age >= check.allowance() + Duration::from_secs(2) {
                    ended(
                        task,
                        TaskState::Failed,
                        137,
                        "task: non-zero exit (137): dockerexec: unhealthy container".into(),
                    );
                }
            }
        }
        if let (false, Some((after, code))) = (task.state.is_terminal(), fate.ends) {
            // An engine calls every container unhealthy once it has ended.
            let ending = task.health.as_mut().filter(|_| age >= after);
            ending.into_iter().for_each(|health| health.status = HealthStatus::Unhealthy);
            if age >= after && code == 0 {
                ended(task, TaskState::Complete, 0, String::new());
            } else if age >= after {
                task.oom_killed = fate.oom;
                ended(task, TaskState::Failed, code, format!("task: non-zero exit ({code})"));
            }
        }
        if task.state.is_terminal() {
            // Short lives say all they have to say at once.
            let lines = age.as_secs().max(fate.log.len() as u64 * u64::from(age < Duration::from_secs(3)));
            task.log_tail = (0..=lines)
                .filter_map(|second| {
                    let text = fate.log.get(usize::try_from(second).unwrap_or(0)).or(fate.log.last())?;
                    let at = started.checked_add(Duration::from_secs(second.min(age.as_secs()))).ok();
                    Some(LogLine { at, output: Output::Stderr, text: (*text).to_owned() })
                })
                .collect();
            self.again(now, attempts);
        }
    }

    /// As swarm does: the next task is made at once, and its turn comes after the delay.
    fn again(&mut self, now: Timestamp, attempts: usize) {
        let policy = &self.view.restart;
        let good = self.view.tasks[0].state == TaskState::Complete;
        let used_up = policy.max_attempts.is_some_and(|max| attempts as u64 > max);
        let wanted = match policy.condition {
            RestartCondition::None => false,
            RestartCondition::OnFailure => !good,
            RestartCondition::Any => !(good && self.view.mode.is_job()),
        };
        self.view.tasks[0].state_at = Some(now);
        if wanted && !used_up {
            let turn = now.checked_add(policy.delay).expect("in range");
            self.push(now, turn, attempts);
        }
    }

    fn push(&mut self, made: Timestamp, turn: Timestamp, attempts: usize) {
        let mut task = task(&format!("{}-{attempts}", self.view.short_name));
        task.created_at = Some(made);
        task.state_at = Some(turn);
        task.state = TaskState::Ready;
        task.desired = TaskState::Ready;
        self.view.tasks.insert(0, task);
    }
}

/// A swarm with these services.
pub(super) struct Sim {
    pub(super) apps: Vec<App>,
    pub(super) params: Params,
    pub(super) pressure: Pressure,
    pub(super) waits: Vec<String>,
}

impl Sim {
    pub(super) fn new(apps: Vec<App>) -> Self {
        let names: Vec<String> = apps.iter().map(|app| app.view.short_name.clone()).collect();
        Self {
            params: Params::new(Duration::from_secs(300), names),
            apps,
            pressure: Pressure::default(),
            waits: Vec::new(),
        }
    }

    pub(super) fn timeout(mut self, seconds: u64) -> Self {
        self.params.timeout = Duration::from_secs(seconds);
        self
    }

    /// Runs until the judge has made up its mind: the verdict, and the seconds it took.
    pub(super) fn run(&mut self) -> (Verdict, f64) {
        let start = begin();
        let mut judge = Judge::new(self.params.clone());
        let mut elapsed = Duration::ZERO;
        loop {
            let now = start.checked_add(elapsed).expect("in range");
            let ready: Vec<String> =
                self.apps.iter().filter(|app| app.is_ready()).map(|app| app.view.short_name.clone()).collect();
            for app in &mut self.apps {
                app.live(now, start, &|name| ready.iter().any(|ready| ready == name));
            }
            let mut view = stack(self.apps.iter().map(|app| app.view.clone()).collect());
            view.taken_at = now;
            match judge.look(&view, elapsed, &self.pressure) {
                Verdict::Waiting(waits) => {
                    self.waits = waits.into_iter().map(|wait| format!("{}: {}", wait.service, wait.what)).collect()
                }
                verdict => return (verdict, elapsed.as_secs_f64()),
            }
            assert!(elapsed <= self.params.timeout, "the judge still waits after the timeout: {:?}", self.waits);
            elapsed += TICK;
        }
    }
}

pub(super) fn begin() -> Timestamp {
    "2026-11-21T01:00:00Z".parse().expect("a time")
}

pub(super) fn stack(services: Vec<ServiceView>) -> StackView {
    let node = NodeView { id: "n1".into(), hostname: "node".into(), ready: true, state: "ready".into() };
    StackView { stack: "t".into(), taken_at: begin(), services, nodes: vec![node] }
}

pub(super) fn service(name: &str) -> ServiceView {
    ServiceView {
        id: format!("id-{name}"),
        name: format!("t_{name}"),
        short_name: name.into(),
        mode: Mode::Replicated(1),
        desired: 1,
        running: 0,
        completed: 0,
        version: 1,
        created_at: Some(begin()),
        updated_at: Some(begin()),
        image: "image:1".into(),
        labels: std::collections::BTreeMap::new(),
        update: None,
        update_monitor: Duration::from_secs(5),
        restart: RestartPolicy::default(),
        memory_limit: None,
        stop_grace: Duration::from_secs(10),
        endpoint_mode: "dnsrr".into(),
        ports: Vec::new(),
        ports_changed: false,
        healthcheck: None,
        mentions: Vec::new(),
        tasks: Vec::new(),
    }
}

pub(super) fn task(id: &str) -> TaskView {
    TaskView {
        id: id.into(),
        slot: 1,
        node_id: Some("n1".into()),
        state: TaskState::New,
        desired: TaskState::Running,
        current: true,
        message: String::new(),
        err: String::new(),
        exit_code: None,
        oom_killed: false,
        created_at: Some(begin()),
        state_at: Some(begin()),
        started_at: None,
        finished_at: None,
        container_id: None,
        inspected: false,
        healthcheck: None,
        health: None,
        image: "image:1".into(),
        image_id: None,
        addresses: Vec::new(),
        ports: Vec::new(),
        log_tail: Vec::new(),
    }
}
