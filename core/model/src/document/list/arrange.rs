//! Where the items of a list go that somebody handed over whole.

use crate::{
    difference::{Slot, increasing_run},
    ids::Dot,
    item::{Gap, ItemId, Position, spread},
};

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
/// then inserts. What stays is a longest run of items that are in order already.
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
        places.push(Place { slot: index, item, is_fixed: false, position: None });
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
    is_fixed: bool,
    /// Where it is, as soon as that is known.
    position: Option<Position>,
}

impl Place<'_> {
    /// Whether it stands where it was inserted.
    fn is_first(&self) -> bool {
        match self.item {
            None => true,
            Some((_, item)) => self.is_fixed && item.position.is_first_of(item.id),
        }
    }
}

fn fix(places: &mut [Place<'_>]) {
    let kept: Vec<(usize, usize)> = places
        .iter()
        .enumerate()
        .filter_map(|(at, place)| place.item.map(|(old, _)| (at, old)))
        .collect();
    let order: Vec<usize> = kept.iter().map(|(_, old)| *old).collect();
    for index in increasing_run(&order) {
        let place = &mut places[kept[index].0];
        place.is_fixed = true;
        place.position = place.item.map(|(_, item)| item.position.clone());
    }
}

/// Places what is moved as if nothing were inserted.
fn relocate<P: Placing>(
    places: &mut [Place<'_>],
    order: &Order<'_>,
    placing: &mut P,
) -> Result<(), P::Error> {
    let mut start = 0;
    while start < places.len() {
        let length = places[start..].iter().take_while(|place| !place.is_fixed).count();
        let end = start + length;
        let left = start.checked_sub(1).and_then(|at| places[at].position.as_ref());
        let right = places.get(end).and_then(|place| place.position.as_ref());
        let run = &places[start..end];
        let moved: Vec<usize> = (0..length).filter(|index| run[*index].item.is_some()).collect();
        let fractions = spread(left, order.right_of(left, right), moved.len());
        for (index, fraction) in moved.into_iter().zip(fractions) {
            let place = &mut places[start + index];
            if let Some((old, _)) = place.item {
                let dot = placing.relocate(old, fraction.clone())?;
                place.position = Some(Position::new(&fraction, dot, 0));
            }
        }
        start = end + 1;
    }
    Ok(())
}

fn insert<P: Placing>(
    places: &mut [Place<'_>],
    order: &Order<'_>,
    placing: &mut P,
) -> Result<(), P::Error> {
    // For each place, the next one behind it that is not inserted.
    let mut next = vec![None; places.len()];
    for at in (1..places.len()).rev() {
        next[at - 1] = if places[at].item.is_some() { Some(at) } else { next[at] };
    }
    for at in 0..places.len() {
        if places[at].item.is_some() {
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
        let dot = placing.insert(places[at].slot, &gap)?;
        places[at].position = Some(Position::new(&gap.fraction(dot), dot, 0));
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
