//! Carries out a plan: devices that write, a network that misbehaves, and a record of both.

use std::{collections::VecDeque, path::Path, time::Duration};

use blake3::Hasher;
use dunlin::{Config, Invitation, Ticket};
use dunlin_net::memory::{Conditions, Network};
use tokio::{
    task::yield_now,
    time::{Instant, sleep},
};

use super::{
    coverage::Coverage,
    ledger::Ledger,
    plan::{Fault, Plan},
    promises::Promises,
    random::Random,
    site::{SPACE, Site},
    write::{CHAOS, LEDGER, NOTES},
};

/// What went wrong, in words.
pub(super) type Outcome<T> = Result<T, String>;

pub(super) struct World<'a> {
    pub(super) plan: Plan,
    pub(super) network: Network,
    pub(super) sites: Vec<Site>,
    pub(super) ledger: Ledger,
    pub(super) promises: Promises,
    pub(super) coverage: Coverage,
    pub(super) random: Random,
    config: &'a dyn Fn(Config) -> Config,
    ticket: Option<Ticket>,
    pub(super) notes: Vec<String>,
    pub(super) characters: u32,
    pub(super) is_divided: bool,
    pub(super) links_down: usize,
    trace: Hasher,
    pub(super) prints: bool,
    start: Instant,
}

impl<'a> World<'a> {
    pub(super) async fn create(
        seed: u64,
        root: &Path,
        config: &'a dyn Fn(Config) -> Config,
        prints: bool,
    ) -> Outcome<Self> {
        let mut random = Random::new(seed);
        let plan = Plan::draw(&mut random);
        let network = Network::new(random.next());
        network.set_conditions(plan.conditions);
        let mut sites = Vec::new();
        for index in 0..plan.devices {
            let mut site = Site::create(index, root, &mut random, config).await.map_err(text)?;
            site.quota = plan.quotas[index];
            sites.push(site);
        }
        for from in 0..plan.devices {
            for to in from + 1..plan.devices {
                if !plan
                    .edges
                    .iter()
                    .any(|edge| (edge.0.min(edge.1), edge.0.max(edge.1)) == (from, to))
                {
                    network.cut(sites[from].ip(), sites[to].ip());
                }
            }
        }
        for &(from, to, both) in &plan.edges {
            let (here, there) = (sites[from].address, sites[to].address);
            sites[from].dials.push(there);
            if both {
                sites[to].dials.push(here);
            }
        }
        let mut world = Self {
            network,
            sites,
            ledger: Ledger::default(),
            promises: Promises::default(),
            coverage: Coverage::default(),
            random,
            config,
            ticket: None,
            notes: Vec::new(),
            characters: 0,
            is_divided: false,
            links_down: 0,
            trace: Hasher::new(),
            prints,
            start: Instant::now(),
            plan,
        };
        world.note(&format!("{:?}", world.plan));
        world.coverage.count(world.plan.shape);
        if world.plan.conditions.loss > 0.2 {
            world.coverage.count("heavy-loss");
        }
        if world.plan.conditions.rate.is_some() {
            world.coverage.count("rate-limit");
        }
        world.found().await.map_err(text)?;
        Ok(world)
    }

    /// The first device makes the space and a ticket for all others.
    async fn found(&mut self) -> dunlin::Result<()> {
        let founder = &mut self.sites[0];
        let space = founder.node()?.create_space(SPACE).await?;
        founder.has_joined = true;
        let uses = self.plan.devices as u32;
        self.ticket = Some(space.invite(&Invitation { uses, ..Invitation::default() }).await?);
        for site in &mut self.sites {
            site.start(&self.network, &mut self.random, self.config).await?;
        }
        Ok(())
    }

    /// Writes until every device has written its share, while the faults of the plan happen.
    pub(super) async fn run(&mut self) -> Outcome<()> {
        let mut faults: VecDeque<(usize, Fault)> = std::mem::take(&mut self.plan.faults).into();
        loop {
            let made: usize = self.sites.iter().map(|site| site.writes).sum();
            while let Some((_, fault)) = faults.pop_front_if(|(at, _)| *at <= made) {
                self.suffer(fault).await?;
            }
            if self.sites.iter().any(|site| site.skew_years() != 0) {
                self.coverage.count("clock-skew-of-years");
            }
            let ready: Vec<usize> = self
                .sites
                .iter()
                .filter(|site| site.may_write() && site.writes < site.quota)
                .map(|site| site.index)
                .collect();
            if ready.is_empty() {
                if self.sites.iter().all(|site| site.writes >= site.quota) {
                    break;
                }
                // Whoever has to write yet is down or has not joined.
                match faults.pop_front() {
                    Some((_, fault)) => self.suffer(fault).await?,
                    None => self.raise_everybody().await?,
                }
                continue;
            }
            for _ in 0..self.random.between(1..=4) {
                let device = ready[self.random.below(ready.len())];
                self.write(device).await?;
            }
            let pause = self.random.fraction();
            sleep(Duration::from_millis((pause * pause * pause * 900.0) as u64)).await;
        }
        for (_, fault) in faults {
            self.suffer(fault).await?;
        }
        self.complete().await
    }

    /// Ends all faults, so that what remains is to wait.
    pub(super) async fn calm(&mut self) -> Outcome<()> {
        let before = self.network.statistics();
        self.coverage.add("packet-lost", before.lost);
        self.coverage.add("packet-duplicated", before.duplicated);
        self.coverage.add("packet-reordered", before.reordered);
        self.coverage.add("packet-blocked", before.blocked);
        self.note(&format!("calm after {before:?}"));
        self.network.heal();
        self.network.set_conditions(Conditions {
            delay: Duration::from_millis(5),
            ..Conditions::default()
        });
        for site in &self.sites {
            self.network.set_link(site.ip(), true);
        }
        self.raise_everybody().await
    }

    pub(super) async fn raise_everybody(&mut self) -> Outcome<()> {
        for device in 0..self.sites.len() {
            self.start(device).await?;
            self.join(device).await?;
        }
        Ok(())
    }

    async fn suffer(&mut self, fault: Fault) -> Outcome<()> {
        self.note(&format!("{fault:?}"));
        match fault {
            Fault::Divide { group, for_ms } => {
                let group: Vec<_> = group.iter().map(|device| self.sites[*device].ip()).collect();
                self.network.partition(&[&group]);
                self.is_divided = true;
                self.coverage.count("partition");
                if for_ms > 46_000 {
                    self.coverage.count("partition-cuts-connection");
                }
                // Some write in the first moments, while nobody has noticed.
                for _ in 0..4 {
                    self.write_anywhere().await?;
                }
                sleep(Duration::from_millis(for_ms as u64)).await;
            }
            Fault::Heal => {
                self.network.heal();
                self.is_divided = false;
            }
            Fault::Shutdown { device } => {
                self.sites[device].shut_down().await.map_err(text)?;
                self.coverage.count("shutdown");
            }
            Fault::Suspend { device } => {
                self.sites[device].suspend().await.map_err(text)?;
                self.coverage.count("suspend");
            }
            Fault::Crash { device, under_way } => self.crash(device, under_way).await?,
            Fault::Start { device } => {
                // Somebody has written meanwhile, so that the restarted one has to catch up.
                if !self.sites[device].is_up() {
                    for _ in 0..3 {
                        self.write_anywhere().await?;
                    }
                }
                self.start(device).await?;
                // It writes before it has heard of anything.
                if self.sites[device].has_joined {
                    self.write(device).await?;
                }
            }
            Fault::LinkDown { device } => {
                self.network.set_link(self.sites[device].ip(), false);
                self.links_down += 1;
                self.coverage.count("link-down");
            }
            Fault::LinkUp { device } => {
                self.network.set_link(self.sites[device].ip(), true);
                self.links_down = 0;
            }
            Fault::ClockJump { device } => {
                self.sites[device].jump(&mut self.random);
                self.coverage.count("clock-jump");
            }
            Fault::Join { device } => {
                if self.sites.iter().any(|site| site.writes > 0) {
                    self.coverage.count("late-join");
                }
                self.join(device).await?;
            }
            Fault::Pause { for_ms } => sleep(Duration::from_millis(for_ms as u64)).await,
        }
        Ok(())
    }

    async fn join(&mut self, device: usize) -> Outcome<()> {
        let site = &mut self.sites[device];
        let (Some(node), Some(ticket), false) = (&site.node, &self.ticket, site.has_joined) else {
            return Ok(());
        };
        node.join(ticket, None).await.map_err(text)?;
        site.has_joined = true;
        Ok(())
    }

    async fn start(&mut self, device: usize) -> Outcome<()> {
        let site = &mut self.sites[device];
        if site.is_up() {
            return Ok(());
        }
        self.network.set_link(site.ip(), true);
        let started = site.start(&self.network, &mut self.random, self.config).await;
        started.map_err(|error| format!("device {device} does not start: {error:?}"))
    }

    /// Opens a device's node without letting it sync.
    pub(super) async fn start_alone(&mut self, device: usize) -> Outcome<()> {
        self.sites[device].open(&mut self.random, self.config).await.map_err(text)
    }

    /// Cuts a device off mid-sentence.
    async fn crash(&mut self, device: usize, under_way: bool) -> Outcome<()> {
        if !self.sites[device].is_up() && !self.sites[device].is_asleep() {
            return Ok(());
        }
        let mut pending = None;
        if under_way
            && self.sites[device].may_write()
            && let Some(drawn) = self.author(device)?.draw_marked().await.map_err(text)?
        {
            let (write, doc, mark) = drawn;
            let space = self.sites[device].space().map_err(text)?;
            let call = write.call.clone();
            let task = tokio::spawn(async move { call.perform(&space).await });
            for _ in 0..self.random.below(5) {
                yield_now().await;
            }
            pending = Some((task, write, doc, mark));
        }
        self.network.set_link(self.sites[device].ip(), false);
        self.sites[device].crash().map_err(text)?;
        self.coverage.count("crash");
        if let Some((task, write, doc, mark)) = pending {
            // The answer may be lost with whoever waited for it.
            if task.is_finished() && self.random.chance(0.5) {
                self.conclude(device, write, task).await?;
            } else {
                task.abort();
                self.coverage.count("crash-with-write-under-way");
                if write.operation == "transaction" {
                    self.coverage.count("crash-with-transaction-under-way");
                }
                self.ledger.suspect(doc, mark, write.facts);
            }
        }
        // The connections of the dead process fade.
        sleep(Duration::from_secs(3)).await;
        Ok(())
    }

    /// Every document that was ever written, with its collection.
    pub(super) fn documents(&self) -> Vec<(&'static str, String)> {
        let shared =
            [(LEDGER, "ledger-0"), (LEDGER, "ledger-1"), (CHAOS, "chaos-0"), (CHAOS, "chaos-1")];
        let shared = shared.into_iter().map(|(collection, key)| (collection, key.to_owned()));
        shared.chain(self.notes.iter().map(|key| (NOTES, key.clone()))).collect()
    }

    /// Adds a line to what must be the same in every run of the seed.
    pub(super) fn note(&mut self, line: &str) {
        let line = format!("{:>9.3} {line}\n", self.start.elapsed().as_secs_f64());
        if self.prints {
            print!("{line}");
        }
        self.trace.update(line.as_bytes());
    }

    pub(super) fn trace(&self) -> String {
        self.trace.finalize().to_hex().to_string()
    }
}

pub(super) fn text(error: dunlin::Error) -> String {
    format!("{error:?}")
}
