//! Where the items of a list go that somebody handed over whole.

use crate::{
    difference::{Slot, increasing_run},
    ids::Dot,
    item::{Gap, ItemId, Position, spread},
};

/// Most items that are placed after those that began the list: one after the other, they would use
/// up the room between two neighbours.
const MAX_LATE: usize = 8;

/// An item that is there, and where.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) id: ItemId,
    pub(super) position: Position,
}

/// Makes the writes that arranging a list takes. Old items are named by the index that they were
/// read at.
pub(super) trait Placing {
    type Error;

    fn delete(&mut self, old: usize) -> Result<(), Self::Error>;

    fn relocate(&mut self, old: usize, fraction: Vec<u8>) -> Result<Dot, Self::Error>;

    /// Inserts what a slot says, at the fraction that the gap has for the write's dot.
    fn insert(&mut self, slot: usize, gap: &Gap<'_>) -> Result<Dot, Self::Error>;
}

/// Deletes what no slot keeps, then puts what is moved evenly between the neighbours that stay,
/// then inserts.
///
/// `old` has the items in the order that was read, without those that are gone since. Nothing is
/// said of items that were not read: they stay.
pub(super) fn arrange<P: Placing>(
    old: &[Option<Placed>],
    slots: &[Slot],
    placing: &mut P,
) -> Result<(), P::Error> {
    let mut is_kept = vec![false; old.len()];
    let mut places: Vec<Place<'_>> = Vec::with_capacity(slots.len());
    for (index, slot) in slots.iter().enumerate() {
        let item = match slot {
            Slot::Insert(_) => None,
            Slot::Keep(kept) => {
                is_kept[*kept] = true;
                let Some(item) = &old[*kept] else { continue };
                Some((*kept, item))
            }
        };
        places.push(Place { slot: index, item, stays: false, is_late: false, position: None });
    }
    for index in (0..old.len()).filter(|index| !is_kept[*index]) {
        placing.delete(index)?;
    }
    fix(&mut places);
    let order = Order::of(old);
    relocate(&mut places, &order, placing)?;
    insert(&mut places, &order, placing)
}

/// One place of the list that is wanted.
struct Place<'a> {
    slot: usize,
    /// What is there, and the index that it was read at; none for a new item.
    item: Option<(usize, &'a Placed)>,
    /// Whether it may stay where it is.
    stays: bool,
    /// Whether it is placed after the others, as new items are.
    is_late: bool,
    /// Where it is, as soon as that is known.
    position: Option<Position>,
}

impl Place<'_> {
    /// Whether it stands where it was inserted.
    fn is_first(&self) -> bool {
        match (self.item, &self.position) {
            (Some((_, item)), Some(position)) => position.is_first_of(item.id),
            (item, _) => item.is_none(),
        }
    }
}

/// A place that an old item takes.
#[derive(Clone, Copy)]
struct Kept {
    at: usize,
    old: usize,
    began_list: bool,
}

/// Decides who stays: a longest run of items that are in order already.
///
/// Where many are moved, first those that began the list: who sorts it after inserting a few then
/// keeps and moves the same ones as somebody who sorts it without having seen those.
fn fix(places: &mut [Place<'_>]) {
    let kept: Vec<Kept> = places
        .iter()
        .enumerate()
        .filter_map(|(at, place)| {
            let (old, item) = place.item?;
            Some(Kept { at, old, began_list: item.id.began_list() })
        })
        .collect();
    let longest = run(&kept);
    let began: Vec<Kept> = kept.iter().copied().filter(|item| item.began_list).collect();
    let late = kept.len() - began.len();
    let mut staying = longest;
    if (1..=MAX_LATE).contains(&late) && !began.is_empty() {
        let steady = extended(run(&began), &kept);
        let moved = kept.len() - staying.len();
        if steady.len() + moved / 2 >= staying.len() {
            staying = steady;
            kept.iter().for_each(|item| places[item.at].is_late = !item.began_list);
        }
    }
    for item in staying {
        let place = &mut places[item.at];
        place.stays = true;
        place.position = place.item.map(|(_, item)| item.position.clone());
    }
}

fn run(kept: &[Kept]) -> Vec<Kept> {
    let order: Vec<usize> = kept.iter().map(|item| item.old).collect();
    increasing_run(&order).into_iter().map(|index| kept[index]).collect()
}

/// A run of those that began the list, with a longest run of the late ones between each two.
fn extended(began: Vec<Kept>, kept: &[Kept]) -> Vec<Kept> {
    let mut extended = Vec::new();
    let mut late = kept.iter().filter(|item| !item.began_list).copied().peekable();
    let mut start = 0;
    for fixed in began.into_iter().map(Some).chain([None]) {
        let (at, old) = fixed.map_or((usize::MAX, usize::MAX), |item| (item.at, item.old));
        let mut between = Vec::new();
        while let Some(item) = late.next_if(|item| item.at < at) {
            if (start..old).contains(&item.old) {
                between.push(item);
            }
        }
        extended.extend(run(&between));
        extended.extend(fixed);
        start = old;
    }
    extended
}

/// Places what is moved as if nothing were inserted.
fn relocate<P: Placing>(
    places: &mut [Place<'_>],
    order: &Order<'_>,
    placing: &mut P,
) -> Result<(), P::Error> {
    let is_fixed = |place: &Place<'_>| place.stays && !place.is_late;
    let mut start = 0;
    while start < places.len() {
        let length = places[start..].iter().take_while(|place| !is_fixed(place)).count();
        let end = start + length;
        let left = start.checked_sub(1).and_then(|at| places[at].position.as_ref());
        let right = places.get(end).and_then(|place| place.position.as_ref());
        let moves = |at: &usize| places[*at].item.is_some() && !places[*at].is_late;
        let moved: Vec<usize> = (start..end).filter(moves).collect();
        let fractions = spread(left, order.right_of(left, right), moved.len());
        for (at, fraction) in moved.into_iter().zip(fractions) {
            if let Some((old, _)) = places[at].item {
                let dot = placing.relocate(old, fraction.clone())?;
                places[at].position = Some(Position::new(&fraction, dot));
            }
        }
        start = end + 1;
    }
    Ok(())
}

/// Places what is new, and what is late, one after the other.
fn insert<P: Placing>(
    places: &mut [Place<'_>],
    order: &Order<'_>,
    placing: &mut P,
) -> Result<(), P::Error> {
    let is_placed = |place: &Place<'_>| place.item.is_some() && !place.is_late;
    // For each place, the next one behind it that has its position.
    let mut next = vec![None; places.len()];
    for at in (1..places.len()).rev() {
        next[at - 1] = if is_placed(&places[at]) { Some(at) } else { next[at] };
    }
    for at in 0..places.len() {
        let place = &places[at];
        if is_placed(place) {
            continue;
        }
        let before = at.checked_sub(1).map(|before| &places[before]);
        let left = before.and_then(|place| place.position.as_ref());
        let right = next[at].and_then(|next: usize| places[next].position.as_ref());
        let gap = Gap {
            left,
            right: order.right_of(left, right),
            continues: before.is_some_and(Place::is_first),
        };
        let position = match place.item {
            Some((_, item)) if place.stays && gap.holds(&item.position) => item.position.clone(),
            Some((old, _)) => {
                let fraction = gap.fraction_alone();
                let dot = placing.relocate(old, fraction.clone())?;
                Position::new(&fraction, dot)
            }
            None => {
                let dot = placing.insert(place.slot, &gap)?;
                Position::new(&gap.fraction(dot), dot)
            }
        };
        places[at].position = Some(position);
    }
    Ok(())
}

/// The positions of the items that were read, sorted where others have moved them since.
struct Order<'a>(Vec<&'a Position>);

impl<'a> Order<'a> {
    fn of(old: &'a [Option<Placed>]) -> Self {
        let mut positions: Vec<_> = old.iter().flatten().map(|item| &item.position).collect();
        positions.sort_unstable();
        Self(positions)
    }

    /// The wanted right neighbour; the actual one where others have put that before the left.
    fn right_of<'b>(
        &self,
        left: Option<&'b Position>,
        right: Option<&'b Position>,
    ) -> Option<&'b Position>
    where
        'a: 'b,
    {
        match (left, right) {
            (Some(left), Some(right)) if left >= right => {
                let next = self.0.partition_point(|position| *position <= left);
                self.0.get(next).copied()
            }
            (_, right) => right,
        }
    }
}

#[cfg(test)]
mod tests;
