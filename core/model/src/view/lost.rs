//! What lost against concurrent writes.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entry::{Body, Marker, Tree},
    path::Segment,
    registers::Stamp,
};

use super::{
    choose::{Choice, Kind},
    place::Place,
};

/// What a concurrent writer wrote and readers do not see.
pub(crate) struct Lost<'a> {
    /// Where.
    pub(crate) place: Place<'a>,
    /// What.
    pub(crate) kind: Kind<'a>,
    /// What is there instead.
    pub(crate) winner: Kind<'a>,
    /// The write that decided.
    pub(crate) stamp: Option<Stamp>,
    /// The write that decided for what is there instead; none where a removal left no trace.
    pub(crate) winner_stamp: Option<Stamp>,
}

/// Everything that lost at a place and below it.
pub(crate) fn lost_below<'a>(place: &Place<'a>) -> Vec<Lost<'a>> {
    let mut found = Vec::new();
    collect(place, &mut found);
    found
}

/// What lost at a place itself.
pub(crate) fn lost_at<'a>(place: &Place<'a>) -> Vec<Lost<'a>> {
    let Choice { kind: winner, stamp: winner_stamp, losers } = place.choose();
    let lost = |kind, stamp| {
        let winner_stamp = winner_stamp.or_else(|| place.stamp_of(&winner));
        Lost { place: place.clone(), kind, winner: winner.clone(), stamp, winner_stamp }
    };
    let mut found: Vec<Lost<'a>> =
        losers.into_iter().map(|(kind, stamp)| lost(kind, stamp)).collect();
    // Increments of a counter that somebody removed or reset without having seen them.
    let mut late: BTreeMap<u32, (i64, Stamp)> = BTreeMap::new();
    for stored in place.stored() {
        let (Marker::Subtotal(epoch), Body::Subtotal { plus, minus }) =
            (stored.key.marker, &stored.entry.body)
        else {
            continue;
        };
        let is_counted = place
            .facts
            .iter()
            .any(|fact| matches!(fact.tree, Tree::Counter(_)) && fact.stored.entry.epoch == epoch);
        if !is_counted {
            let sum = late.entry(epoch).or_insert((0, stored.stamp()));
            sum.0 = sum.0.saturating_add(plus - minus);
            sum.1 = sum.1.max(stored.stamp());
        }
    }
    let late = late.into_iter();
    found.extend(late.map(|(epoch, (sum, stamp))| lost(Kind::Counter { epoch, sum }, Some(stamp))));
    found
}

fn collect<'a>(place: &Place<'a>, found: &mut Vec<Lost<'a>>) {
    if place.is_plain() {
        return;
    }
    found.extend(lost_at(place));
    for key in contested_keys(place) {
        collect(&place.child(&Segment::Key(key)), found);
    }
    collect_items(place, found);
}

/// The fields for which more than one write speaks.
fn contested_keys(place: &Place<'_>) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = place.written_fields().map(|(key, _)| key.clone()).collect();
    let mut objects: Vec<_> = place.facts.iter().filter_map(|fact| fact.tree.fields()).collect();
    objects.sort_by_key(|fields| fields.len());
    // What only the largest one has, nobody else speaks for.
    for (index, fields) in objects.iter().enumerate().take(objects.len().saturating_sub(1)) {
        let others = &objects[index + 1..];
        let twice = fields.keys().filter(|key| others.iter().any(|it| it.contains_key(*key)));
        keys.extend(twice.cloned());
    }
    keys
}

fn collect_items<'a>(place: &Place<'a>, found: &mut Vec<Lost<'a>>) {
    let lists: BTreeSet<_> = place
        .facts
        .iter()
        .filter(|fact| fact.tree.items().is_some())
        .map(|fact| fact.beginning())
        .collect();
    let has_items = place.written_items().next().is_some();
    if !has_items && lists.len() == place.facts.len() {
        return;
    }
    let mut seen = BTreeSet::new();
    for beginning in lists {
        let facts = place.facts_of(beginning);
        let order = place.lists().order(place, beginning, false);
        for id in order.ids() {
            seen.insert(*id);
            collect(&place.child_of(&Segment::Item(*id), &facts), found);
        }
    }
    for (id, branch) in place.written_items() {
        if seen.contains(&id) {
            continue;
        }
        let item = place.child_of(&Segment::Item(id), &[]);
        let is_inserted = branch.stored.iter().any(|it| matches!(it.entry.body, Body::Item(..)));
        let kind = item.kind();
        if !is_inserted && kind != Kind::Absent {
            // Edits of an item that somebody else deleted.
            let stamp = item.stamp();
            let (winner, winner_stamp) = (Kind::Absent, None);
            found.push(Lost { place: item.clone(), kind, winner, stamp, winner_stamp });
        }
        collect(&item, found);
    }
}
