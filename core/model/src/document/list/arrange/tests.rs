//! Lists in memory that are arranged over and over.

use super::*;
use crate::{Incarnation, Value};

/// A list, and who arranges it.
struct Arranged {
    items: Vec<Placed>,
    slots: Vec<Slot>,
    writer: Incarnation,
    clock: u32,
    /// The list that results.
    found: Vec<Placed>,
    moved: usize,
}

impl Arranged {
    fn next(&mut self) -> Dot {
        self.clock += 1;
        Dot { incarnation: self.writer, clock: self.clock }
    }
}

impl Placing for Arranged {
    type Error = ();

    fn delete(&mut self, old: usize) -> Result<(), ()> {
        let id = self.items[old].id;
        self.found.retain(|item| item.id != id);
        Ok(())
    }

    fn relocate(&mut self, old: usize, fraction: Vec<u8>) -> Result<Dot, ()> {
        let (id, dot) = (self.items[old].id, self.next());
        let item = self.found.iter_mut().find(|item| item.id == id).ok_or(())?;
        item.position = Position::new(&fraction, dot);
        assert!(fraction.len() < 256, "{}", fraction.len());
        self.moved += 1;
        Ok(dot)
    }

    fn insert(&mut self, slot: usize, gap: &Gap<'_>) -> Result<Dot, ()> {
        assert!(matches!(self.slots[slot], Slot::Insert(_)));
        let dot = self.next();
        let fraction = gap.fraction(dot);
        assert!(fraction.len() < 256, "{}", fraction.len());
        let id = ItemId { dot };
        self.found.push(Placed { id, position: Position::new(&fraction, dot) });
        Ok(dot)
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn writer(client: u64) -> Incarnation {
    Incarnation::from_client(client).unwrap()
}

/// A list that was written whole.
fn whole(count: usize) -> Vec<Placed> {
    let founder = writer(Incarnation::FIRST_FOUNDER + 77);
    let item = |index| {
        let dot = Dot { incarnation: founder, clock: index as u32 };
        let id = ItemId { dot };
        let fraction = Position::fraction_in_whole(index, count);
        Placed { id, position: Position::new(&fraction, dot) }
    };
    (0..count).map(item).collect()
}

/// The list after it was arranged, and how many items were moved.
fn arranged(
    items: Vec<Placed>,
    slots: Vec<Slot>,
    writer: Incarnation,
    clock: u32,
) -> (Vec<Placed>, usize) {
    let old: Vec<Option<Placed>> = items.iter().cloned().map(Some).collect();
    let found = items.clone();
    let mut list = Arranged { items, slots, writer, clock, found, moved: 0 };
    let slots = list.slots.clone();
    arrange(&old, &slots, &mut list).unwrap();
    list.found.sort_by(|left, right| left.position.cmp(&right.position));
    assert!(list.found.is_sorted_by(|left, right| left.position < right.position));
    assert_eq!(list.found.len(), slots.len());
    for (item, slot) in list.found.iter().zip(&slots) {
        let known = list.items.iter().position(|old| old.id == item.id);
        match slot {
            Slot::Keep(old) => assert_eq!(known, Some(*old)),
            Slot::Insert(_) => assert_eq!(known, None),
        }
    }
    (list.found, list.moved)
}

#[test]
fn lists_that_are_arranged_over_and_over_are_as_they_were_handed_over() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let mut list = whole(random.below(20));
        for round in 0..60 {
            let mut slots: Vec<Slot> = (0..list.len()).map(Slot::Keep).collect();
            for _ in 0..1 + random.below(3) {
                let at = random.below(slots.len());
                match random.below(7) {
                    0 | 1 => slots.insert(random.below(slots.len() + 1), Slot::Insert(Value::Null)),
                    _ if slots.is_empty() => {}
                    2 => drop(slots.remove(at)),
                    3 => slots.reverse(),
                    4 => slots.rotate_left(at),
                    _ => {
                        let slot = slots.remove(at);
                        slots.insert(random.below(slots.len() + 1), slot);
                    }
                }
            }
            let writer = writer(1 + random.below(3) as u64);
            list = arranged(list, slots, writer, 1_000 * round).0;
        }
    }
}

#[test]
fn as_few_items_are_moved_as_can_be() {
    for (order, moved) in [
        (&[0, 1, 2, 3][..], 0),
        (&[1, 2, 3, 0], 1),
        (&[3, 0, 1, 2], 1),
        (&[3, 2, 1, 0], 3),
        (&[1, 0, 3, 2], 2),
    ] {
        let slots = order.iter().copied().map(Slot::Keep).collect();
        assert_eq!(arranged(whole(4), slots, writer(1), 0).1, moved, "{order:?}");
    }
}

#[test]
fn a_drag_moves_one_item_whatever_was_inserted_before() {
    // Items that were inserted by themselves, behind one that began the list.
    let mut slots = vec![Slot::Keep(0)];
    slots.extend((0..5).map(|_| Slot::Insert(Value::Null)));
    let (list, _) = arranged(whole(1), slots, writer(1), 0);
    let slots = [1, 2, 3, 4, 5, 0].map(Slot::Keep).to_vec();
    assert_eq!(arranged(list, slots, writer(2), 100).1, 1);
}

#[test]
fn items_that_are_gone_since_are_left_out() {
    let items = whole(4);
    let old: Vec<Option<Placed>> =
        items.iter().enumerate().map(|(at, item)| (at != 1).then(|| item.clone())).collect();
    let slots = vec![Slot::Keep(3), Slot::Keep(1), Slot::Keep(0)];
    let found = old.iter().flatten().cloned().collect();
    let mut list =
        Arranged { items, slots: slots.clone(), writer: writer(1), clock: 0, found, moved: 0 };
    arrange(&old, &slots, &mut list).unwrap();
    assert_eq!((list.found.len(), list.moved), (2, 1));
}
