//! What both devices write while they are apart, and what becomes of it.

use std::time::Instant;

use serde_json::{Value as Json, json};

use super::{SPACE, Story};
use crate::{demo::device::internal, failure::Failure};

/// A plan with a counter and a list.
pub(super) const PLAN: &str = r#"{
    "title": "survey",
    "visits": {"$counter": 0},
    "steps": ["pack", "drive", "measure", "write up"]
}"#;

const STRONGEST: &str = "SELECT id, doc->>'$.properties.title' AS title FROM quakes \
                         ORDER BY json_extract(doc, '$.properties.mag') DESC LIMIT 1";
const ANN_TYPES: &str = "Abstract, by ann. ";
const BEN_TYPES: &str = "Preface, by ben. ";

impl Story {
    /// Both go offline and edit the same documents.
    pub(super) async fn part(&mut self) -> Result<(), Failure> {
        self.title("They part, and both edit the same documents").await?;
        self.end().await;
        let begun = Instant::now();
        let strongest = self.ann.ask(&["query", SPACE, STRONGEST]).await?;
        let quake = strongest["id"].as_str().unwrap_or_default().to_owned();
        let title = strongest["title"].as_str().unwrap_or_default().to_owned();

        for (device, status, visits, step, text) in [
            (&self.ann, "confirmed", 3, json!({"from": 3, "to": 0}), ANN_TYPES),
            (&self.ben, "doubtful", 4, json!({"from": 0, "to": 3}), BEN_TYPES),
        ] {
            let report = json!({"properties": {"status": status}}).to_string();
            device.ask(&["put", SPACE, "quakes", &quake, &report]).await?;
            let mut reorder = step;
            reorder["op"] = Json::from("move");
            reorder["path"] = Json::from("/steps");
            let plan = json!([{"op": "increment", "path": "/visits", "by": visits}, reorder]);
            device.ask(&["edit", SPACE, "plans", "survey", &plan.to_string()]).await?;
            let splice = json!([{"op": "splice", "path": "/body", "at": 0, "insert": text}]);
            device.ask(&["edit", SPACE, "papers", "paper", &splice.to_string()]).await?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.say(json!({"step": "part", "document": quake, "seconds": seconds}), || {
            format!(
                "     ann, offline                      ben, offline\n\
                 status of a report, {title:?}:\n\
                 \x20    \"confirmed\"                       \"doubtful\", a moment later\n\
                 counter of visits:\n\
                 \x20    +3                                +4\n\
                 list pack, drive, measure, write up:\n\
                 \x20    \"write up\" to the front           \"pack\" to the end\n\
                 beginning of the text:\n\
                 \x20    {ANN_TYPES:<34}{BEN_TYPES}"
            )
        })
        .await?;
        self.quake = quake;
        Ok(())
    }

    /// Shows what became of it, the same on both sides.
    pub(super) async fn look(&mut self) -> Result<(), Failure> {
        self.title("What became of it, on both devices").await?;
        let quake = self.quake.clone();
        let mut seen = Vec::new();
        for device in [&self.ann, &self.ben] {
            let mut report = device.ask(&["get", SPACE, "quakes", &quake, "--conflicts"]).await?;
            // Each knows by itself what it wrote, and of the other by its book.
            for side in ["shown", "lost"] {
                report["conflicts"][0][side]["known"].take();
            }
            let plan = device.ask(&["get", SPACE, "plans", "survey"]).await?;
            let paper = device.ask(&["get", SPACE, "papers", "paper"]).await?;
            seen.push((report, plan, paper));
        }
        let (report, plan, paper) = seen.swap_remove(0);
        if seen.pop().is_none_or(|other| other != (report.clone(), plan.clone(), paper.clone())) {
            return Err(internal("the two devices show different documents".to_owned()));
        }
        self.tell_conflict(&report).await?;
        self.tell_merged(&plan, &paper).await?;
        self.end().await;
        Ok(())
    }

    async fn tell_conflict(&mut self, report: &Json) -> Result<(), Failure> {
        let status = &report["value"]["properties"]["status"];
        let lost = &report["conflicts"][0]["lost"]["value"];
        let (winner, loser) = match (status.as_str(), lost.as_str()) {
            (Some("doubtful"), Some("confirmed")) => ("ben", "ann"),
            (Some("confirmed"), Some("doubtful")) => ("ann", "ben"),
            _ => return Err(internal(format!("the conflict is not to be seen: {report}"))),
        };
        let json = json!({"step": "conflict", "winner": winner, "loser": loser, "won": status, "lost": lost});
        let (status, lost, quake) = (status.clone(), lost.clone(), self.quake.clone());
        self.say(json, || {
            format!(
                "status   {status} by {winner}, the later one, is what readers see. {loser} lost, and\n\
                 \x20        {lost} is kept until somebody who has seen both decides:\n\
                 \x20        dunlin get {SPACE} quakes {quake} --conflicts"
            )
        })
        .await
    }

    async fn tell_merged(&mut self, plan: &Json, paper: &Json) -> Result<(), Failure> {
        let steps: Vec<&str> =
            plan["steps"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let body = paper["body"].as_str().unwrap_or_default();
        let is_merged = plan["visits"] == 7
            && steps == ["write up", "drive", "measure", "pack"]
            && body.contains(ANN_TYPES)
            && body.contains(BEN_TYPES);
        if !is_merged {
            return Err(internal(format!("an edit was lost: {plan}")));
        }
        let head: String = body.chars().take(52).collect();
        let json = json!({"step": "merged", "visits": 7, "steps": steps, "text": head});
        self.say(json, || {
            format!(
                "visits   7: nobody's were lost\n\
                 steps    {}\n\
                 text     {head}…",
                steps.join(", ")
            )
        })
        .await
    }
}
