use super::*;
use crate::ids::Incarnation;

fn dot(client: u64, clock: u32) -> Dot {
    Dot { incarnation: Incarnation::from_client(client).unwrap(), clock }
}

fn gap<'a>(positions: &'a [Position], at: usize, continues: bool) -> Gap<'a> {
    let left = at.checked_sub(1).map(|left| &positions[left]);
    Gap { left, right: positions.get(at), continues }
}

#[test]
fn there_is_always_room_at_one_spot() {
    for side in 0..3 {
        for continues in [false, true] {
            let mut positions = vec![
                Position::new(&MIDDLE.to_be_bytes(), dot(5, 0)),
                Position::new(&MIDDLE.to_be_bytes(), dot(7, 0)),
            ];
            for clock in 1..2000 {
                let at = [0, 1, positions.len()][side];
                let dot = dot(u64::from(clock) % 11, clock);
                let fraction = gap(&positions, at, continues).fraction(dot);
                positions.insert(at, Position::new(&fraction, dot));
                assert!(positions.is_sorted() && fraction.len() < 512, "{side} {clock}");
            }
        }
    }
}

#[test]
fn what_one_writer_adds_in_a_row_has_one_fraction() {
    let mut positions = vec![Position::new(&MIDDLE.to_be_bytes(), dot(5, 0))];
    for clock in 0..100 {
        let fraction = gap(&positions, positions.len(), true).fraction(dot(9, clock));
        positions.push(Position::new(&fraction, dot(9, clock)));
    }
    assert!(positions.is_sorted_by(|left, right| left < right));
    assert!(positions[1..].iter().all(|position| position.fraction() == positions[1].fraction()));
    // In the middle of its own row there is no room for the same fraction.
    let own = dot(9, 100);
    let fraction = gap(&positions, 50, true).fraction(own);
    let position = Position::new(&fraction, own);
    assert!(positions[49] < position && position < positions[50]);
}

#[test]
fn moved_items_are_spread_between_any_two_neighbours() {
    let highest = Incarnation::from_client((1 << 53) - 1).unwrap();
    let middle = |client, clock| Position::new(&MIDDLE.to_be_bytes(), dot(client, clock));
    let near = Position::new(&(MIDDLE + 1).to_be_bytes(), dot(5, 0));
    let end = Position::new(&u32::MAX.to_be_bytes(), dot(5, 0));
    let start = Position::new(&[0; 4], dot(5, 0));
    for (left, right) in [
        (None, None),
        (Some(middle(5, 0)), None),
        (None, Some(middle(5, 0))),
        (Some(middle(5, 0)), Some(middle(5, 1))),
        (Some(middle(5, 0)), Some(middle(7, 0))),
        (Some(middle(5, 0)), Some(near)),
        (Some(end), None),
        (None, Some(Position::new(&[0, 0, 0, 1], dot(5, 0)))),
        (None, Some(start)),
    ] {
        for count in [1, 2, 3, 200, 70_000] {
            let fractions = spread(left.as_ref(), right.as_ref(), count);
            // Whoever writes them.
            let tails = [dot(0, 0), Dot { incarnation: highest, clock: u32::MAX }];
            let positions: Vec<Position> = fractions
                .iter()
                .flat_map(|fraction| tails.map(|dot| (fraction, dot)))
                .map(|(fraction, dot)| Position::new(fraction, dot))
                .collect();
            assert!(left.as_ref().is_none_or(|left| *left < positions[0]), "{left:?}");
            assert!(positions.is_sorted_by(|left, right| left < right), "{left:?} {right:?}");
            let last = &positions[positions.len() - 1];
            assert!(right.as_ref().is_none_or(|right| last < right), "{right:?}");
            assert!(fractions.iter().all(|fraction| fraction.len() <= 24), "{left:?} {right:?}");
        }
    }
}

#[test]
fn a_list_written_whole_is_in_order() {
    for count in [1, 3, 100_000] {
        let fractions: Vec<_> =
            (0..count).map(|index| Position::fraction_in_whole(index, count)).collect();
        assert!(fractions.is_sorted_by(|left, right| left < right));
    }
}
