//! The devices find each other and exchange what the other lacks.

use std::time::{Duration, Instant};

use dunlin::{Code, Error};
use serde_json::{Value as Json, json};
use tokio::time::{sleep, timeout};

use super::{SOON, SPACE, Story};
use crate::{demo::device::internal, failure::Failure};

/// Time for mDNS to find somebody on a network that lets it.
const FIND: Duration = Duration::from_secs(8);
/// Time for everything to be exchanged.
const CONVERGE: Duration = Duration::from_secs(60);

impl Story {
    /// Starts whoever is not up, and waits until both hold the same.
    pub(super) async fn meet(&mut self, title: &str) -> Result<(), Failure> {
        self.title(title).await?;
        if !self.ann.is_running() {
            self.ann.start(if self.is_static { &["--no-mdns"] } else { &[] }).await?;
        }
        let mut begun = Instant::now();
        if !self.is_static {
            self.ben.start(&[]).await?;
            match timeout(FIND, self.found()).await {
                Ok(Ok(address)) => {
                    let seconds = begun.elapsed().as_secs_f64();
                    self.say(json!({"step": "find", "by": "mdns", "seconds": seconds}), || {
                        format!("Ben found ann by mDNS, and a QUIC connection to {address} stands: {seconds:.2} s")
                    })
                    .await?;
                }
                outcome => {
                    let reason = match outcome {
                        Ok(Err(reason)) => reason,
                        _ => format!("nobody was found within {} s", FIND.as_secs()),
                    };
                    self.ben.stop().await;
                    self.is_static = true;
                    self.say(json!({"step": "find", "by": "static", "reason": reason}), || {
                        format!("Multicast is not available here ({reason}).\nGoing on with a static address.")
                    })
                    .await?;
                }
            }
        }
        if self.is_static {
            begun = Instant::now();
            let address = self.ann.listen().first().cloned().ok_or_else(no_interface)?;
            self.ben.start(&["--no-mdns", "--peer", &address]).await?;
            self.say(json!({"step": "dial", "address": address}), || {
                format!("ben  dunlin run --no-mdns --peer {address}")
            })
            .await?;
        }
        self.converge(begun).await
    }

    /// Waits until ben reports that ann is connected, and where; or why nobody can be found.
    async fn found(&mut self) -> Result<String, String> {
        while let Some(report) = self.ben.report().await {
            if let Some(reason) = report["discovery"].as_str() {
                return Err(reason.to_owned());
            }
            let peer = &report["peer"];
            if peer["name"] == "ann" && peer["state"] == "connected" {
                return Ok(peer["address"].as_str().unwrap_or_default().to_owned());
            }
        }
        Err("ben's process ended".to_owned())
    }

    /// Waits until both say that they have the same documents.
    async fn converge(&mut self, begun: Instant) -> Result<(), Failure> {
        let exchange = Instant::now();
        loop {
            let (ann, ben) =
                tokio::try_join!(self.ann.ask(&["status"]), self.ben.ask(&["status"]))?;
            let (ann, ben) = (&ann["spaces"][0], &ben["spaces"][0]);
            if ann["digest"] == ben["digest"] && ann["in_sync"] == true && ben["in_sync"] == true {
                let seconds = begun.elapsed().as_secs_f64();
                let json = json!({
                    "step": "converge",
                    "documents": ben["documents"],
                    "digests": [ann["digest"], ben["digest"]],
                    "seconds": seconds,
                });
                let short = |space: &Json| -> String {
                    space["digest"].as_str().unwrap_or_default().chars().take(24).collect()
                };
                let (left, right, count) = (short(ann), short(ben), ben["documents"].clone());
                return self
                    .say(json, || {
                        format!(
                            "Both hold the same {count} documents of {SPACE:?}: {seconds:.2} s after the start\n\
                             ann  digest {left}…\nben  digest {right}…"
                        )
                    })
                    .await;
            }
            if exchange.elapsed() > CONVERGE {
                return Err(internal(format!(
                    "the two devices do not converge: {} and {}",
                    ann["digest"], ben["digest"]
                )));
            }
            self.progress(&format!(
                "ben has {} of {} documents",
                ben["documents"], ann["documents"]
            ));
            sleep(SOON).await;
        }
    }
}

fn no_interface() -> Failure {
    Failure::Refused(Error::new(
        Code::Network,
        "no network interface of this machine is up, not even the loopback",
        "bring one up, for instance with `ip link set lo up`",
    ))
}
