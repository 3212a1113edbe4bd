//! The devices' writes: drawn in turn, performed, and believed once they are acknowledged.

use std::time::Duration;

use tokio::{task::JoinHandle, time::sleep};

use super::{
    author::Author,
    coverage::OPERATIONS,
    ledger::Fact,
    world::{Outcome, World, text},
    write::Write,
};

/// Draws of an operation that may come to nothing before the next one is tried.
const PATIENCE: usize = 64;

impl World<'_> {
    /// Lets each device make up for operations that found nothing to work on so far.
    pub(super) async fn complete(&mut self) -> Outcome<()> {
        self.raise_everybody().await?;
        for device in 0..self.sites.len() {
            self.complete_one(device).await?;
        }
        Ok(())
    }

    async fn complete_one(&mut self, device: usize) -> Outcome<()> {
        for _ in 0..PATIENCE {
            let missing = self.sites[device].coverage.missing(&OPERATIONS);
            let Some(&operation) = self.random.pick(&missing) else { break };
            if !self.write_as(device, operation).await? {
                self.prepare(device, operation).await?;
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Writes something after which an operation may have an occasion.
    async fn prepare(&mut self, device: usize, operation: &str) -> Outcome<()> {
        let is_written = match operation {
            "list-move" | "list-delete-item" => self.write_as(device, "list-insert").await?,
            "splice-delete" => self.write_as(device, "splice-insert").await?,
            _ => false,
        };
        if is_written { Ok(()) } else { self.write(device).await }
    }

    /// Writes by one operation, unless it has no occasion.
    async fn write_as(&mut self, device: usize, operation: &'static str) -> Outcome<bool> {
        let drawn = self.author(device)?.draw(operation).await.map_err(text)?;
        let Some(write) = drawn else { return Ok(false) };
        self.perform(device, vec![write]).await?;
        Ok(true)
    }

    pub(super) fn author(&mut self, device: usize) -> Outcome<Author<'_>> {
        let site = &mut self.sites[device];
        Ok(Author {
            space: site.space().map_err(text)?,
            random: &mut self.random,
            site,
            ledger: &self.ledger,
            notes: &self.notes,
            characters: &mut self.characters,
        })
    }

    pub(super) async fn write_anywhere(&mut self) -> Outcome<()> {
        let ready: Vec<usize> =
            self.sites.iter().filter(|site| site.may_write()).map(|site| site.index).collect();
        match self.random.pick(&ready) {
            Some(&device) => self.write(device).await,
            None => Ok(()),
        }
    }

    /// One device writes once, or twice at the same moment.
    pub(super) async fn write(&mut self, device: usize) -> Outcome<()> {
        let first = self.draw(device).await?;
        let second = match self.random.chance(0.1) {
            // What the first one changes must not be what the second one is about.
            true if first.operation == "edit-anything" => Some(self.draw(device).await?),
            _ => None,
        };
        self.perform(device, [Some(first), second].into_iter().flatten().collect()).await
    }

    /// Makes writes at the same moment.
    async fn perform(&mut self, device: usize, writes: Vec<Write>) -> Outcome<()> {
        let space = self.sites[device].space().map_err(text)?;
        let mut tasks = Vec::new();
        for write in writes {
            let (space, call) = (space.clone(), write.call.clone());
            tasks.push((write, tokio::spawn(async move { call.perform(&space).await })));
        }
        if tasks.len() > 1 {
            self.coverage.count("writes-share-a-commit");
        }
        for (write, task) in tasks {
            self.conclude(device, write, task).await?;
        }
        Ok(())
    }

    /// The next write of a device, every operation in turn.
    async fn draw(&mut self, device: usize) -> Outcome<Write> {
        let mut set_aside = Vec::new();
        for _ in 0..PATIENCE {
            if self.sites[device].deck.is_empty() {
                // Operations that had nothing to work on make room for others.
                let mut deck: Vec<_> = OPERATIONS.to_vec();
                deck.extend(["edit-anything"; 6]);
                deck.extend(["set", "set", "insert", "splice-insert", "list-insert", "put-new"]);
                self.random.shuffle(&mut deck);
                self.sites[device].deck = deck;
            }
            let Some(operation) = self.sites[device].deck.pop() else { continue };
            let drawn = self.author(device)?.draw(operation).await.map_err(text)?;
            match drawn {
                Some(write) => {
                    let deck = &mut self.sites[device].deck;
                    deck.extend(set_aside);
                    return Ok(write);
                }
                None if set_aside.len() < 12 => set_aside.push(operation),
                None => {}
            }
        }
        Err(format!("device {device} finds nothing to write"))
    }

    /// Hears a write's answer and believes it.
    pub(super) async fn conclude(
        &mut self,
        device: usize,
        mut write: Write,
        task: JoinHandle<dunlin::Result<Vec<dunlin::Committed>>>,
    ) -> Outcome<()> {
        let answer = task.await.map_err(|error| format!("a write panicked: {error}"))?;
        let committed = match answer {
            Ok(committed) => committed,
            Err(error) if write.tolerance.allows(&error) => {
                self.note(&format!("{device} {}: {}", write.operation, error.code()));
                if error.code() == dunlin::Code::StaleVersion {
                    self.coverage.count("stale-version");
                }
                let site = &mut self.sites[device];
                if write.operation == "edit-at-older-base" {
                    // It may be too old for good.
                    site.reads.pop_front();
                }
                if site.deck.len() > 8 {
                    // Some writes later, but not without end.
                    site.deck.insert(4, write.operation);
                }
                return Ok(());
            }
            Err(error) => return Err(format!("device {device}, {write:?}: {error:?}")),
        };
        for commit in &committed {
            let line = format!("{device} {} {} at {}", write.operation, commit.id, commit.seq);
            self.note(&line);
        }
        self.promises.keep(device, &write, &committed);
        if let Some(Fact::NoteMade { key, .. }) = write.facts.first_mut() {
            *key = committed[0].id.to_string();
            self.notes.push(key.clone());
            self.sites[device].notes.push(key.clone());
        }
        if self.prints {
            println!("          {:?} {:?}", write.call, write.facts);
        }
        if committed.iter().any(|commit| !commit.paths.is_empty()) {
            self.count(device, &write);
        }
        self.ledger.acknowledge(write.facts, &committed[0].version.state_vector);
        Ok(())
    }

    fn count(&mut self, device: usize, write: &Write) {
        self.sites[device].writes += 1;
        self.sites[device].coverage.count(write.operation);
        self.coverage.count(write.operation);
        if self.is_divided {
            self.coverage.count("edit-while-divided");
        }
        if self.sites.iter().any(|site| !site.is_up()) {
            self.coverage.count("edit-while-another-is-down");
        }
        if self.links_down > 0 {
            self.coverage.count("edit-while-link-is-down");
        }
    }
}
