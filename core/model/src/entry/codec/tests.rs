//! Each rule of the payload's form: the smallest payload that breaks it, next to one that does not.

use super::*;

fn entry(body: Body) -> Entry {
    Entry { body, clock: 3, time_ms: 1_700_000_000_123, epoch: 0, over: false, covers: Vec::new() }
}

#[test]
fn payloads_are_read_back() {
    let dot = Dot { incarnation: Incarnation::from_client(77).unwrap(), clock: 9 };
    let numbers = [1 << 31, 1_700_000_000_123, (1 << 53) + 1, i64::MIN, i64::MAX];
    let number = |whole| Tree::Scalar(Value::Int(whole));
    let elements = [Value::Null, Value::Int(1), Value::String("x".into())];
    let fields = [
        ("a", Tree::List(numbers.into_iter().map(number).collect())),
        ("b", Tree::Text(None)),
        ("c", Tree::Counter(-4)),
        ("d", Tree::Scalar(Value::Float(0.1))),
        ("e", Tree::Text(Some([7; 16]))),
        ("f", Tree::Apart([8; 16])),
        ("g", Tree::Whole(Value::List(vec![Value::Int(1), Value::Object([].into())]))),
        ("h", Tree::Set(elements.into_iter().map(|it| Element::new(it).unwrap()).collect())),
    ];
    let tree = Tree::Object(fields.map(|(key, tree)| (key.to_owned(), tree)).into());
    for body in [
        Body::Value(Arc::new(tree.clone())),
        Body::Absent,
        Body::Item(vec![1], Arc::new(tree)),
        Body::Member,
        Body::Position(vec![128; 15]),
        Body::Subtotal { plus: 5, minus: 0 },
        Body::Deleted([(dot.incarnation, 4)].into_iter().collect()),
    ] {
        for (epoch, covers) in [(0, vec![]), (2, vec![]), (0, vec![dot])] {
            for over in [false, true] {
                let entry = Entry { epoch, over, covers: covers.clone(), ..entry(body.clone()) };
                assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
            }
        }
    }
}

#[test]
fn only_one_form_is_read() {
    let bytes = entry(Body::Absent).encode();
    assert!(Entry::decode(&[&bytes[..], &[0]].concat()).is_err());
    for cut in 0..bytes.len() {
        assert!(Entry::decode(&bytes[..cut]).is_err());
    }
    let deep = |depth: usize| {
        let mut bytes = vec![0x84, 0, 0, 0];
        bytes.extend(std::iter::repeat_n(0x81, depth));
        bytes.push(0xf6);
        bytes
    };
    assert!(Entry::decode(&deep(MAX_DEPTH)).is_ok());
    assert!(Entry::decode(&deep(MAX_DEPTH + 1)).is_err());
    assert!(Entry::decode(&deep(1 << 19)).is_err());
    let long_form_of_zero = [0x84, 0x18, 0x00, 0, 0, 0xf6];
    assert!(Entry::decode(&long_form_of_zero).is_err());
    let map_out_of_order = [0x84, 0, 0, 0, 0xa2, 0x61, b'b', 0, 0x61, b'a', 0];
    assert!(Entry::decode(&map_out_of_order).is_err());
}

/// Refused for this reason, while the neighbour is read and written back the same.
#[track_caller]
fn assert_refused(refused: &[u8], reason: &'static str, taken: &[u8]) {
    assert_eq!(decode(refused), Err(BadEntry(reason)));
    assert_eq!(Entry::decode(taken).map(|entry| entry.encode()), Ok(taken.to_vec()));
}

/// As [`assert_refused`], of a value: the body of an entry of kind 0.
#[track_caller]
fn assert_value_refused(refused: &[u8], reason: &'static str, taken: &[u8]) {
    assert_refused(&of_kind(0, refused), reason, &of_kind(0, taken));
}

fn of_kind(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[0x84, kind, 0, 0], body].concat()
}

#[test]
fn another_number_of_fields_is_refused() {
    let taken = [0x84, 0, 0, 0, 0xf6];
    assert_refused(&[0x83, 0, 0, 0], "wrong number of fields", &taken);
    assert_refused(&[0x87, 0, 0, 0, 0xf6, 1, 0x80, 0], "wrong number of fields", &taken);
}

#[test]
fn a_kind_that_is_not_known_is_refused() {
    assert_refused(&of_kind(7, &[0xf6]), "unknown kind", &of_kind(6, &[0xf6]));
}

#[test]
fn an_item_of_another_shape_is_refused() {
    let three = of_kind(2, &[0x83, 0x41, 1, 0xf6, 0xf6]);
    let two = of_kind(2, &[0x82, 0x41, 1, 0xf6]);
    assert_refused(&three, "an item is a fraction and a value", &two);
}

#[test]
fn a_fraction_of_no_bytes_or_over_512_is_refused() {
    let reason = "a fraction is 1 to 512 bytes";
    let item = |fraction: &[u8]| of_kind(2, &[&[0x82], fraction, &[0xf6]].concat());
    assert_refused(&item(&[0x40]), reason, &item(&[0x41, 1]));
    assert_refused(&of_kind(3, &[0x40]), reason, &of_kind(3, &[0x41, 1]));
    let long = |len: u16| [&[0x59], &len.to_be_bytes()[..], &vec![1; len.into()]].concat();
    assert_refused(&item(&long(513)), reason, &item(&long(512)));
    assert_refused(&of_kind(3, &long(513)), reason, &of_kind(3, &long(512)));
}

#[test]
fn a_subtotal_of_another_shape_or_out_of_bounds_is_refused() {
    let taken = of_kind(4, &[0x82, 1, 0]);
    assert_refused(&of_kind(4, &[0x83, 1, 0, 0]), "a subtotal is two numbers", &taken);
    let reason = "a subtotal is out of bounds";
    let (most, more) = ([0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], [0x1b, 0, 0x20, 0, 0, 0, 0, 0, 1]);
    for (refused, taken) in [(&[0x20][..], &[0][..]), (&more, &most)] {
        let plus = |plus: &[u8]| of_kind(4, &[&[0x82], plus, &[0]].concat());
        let minus = |minus: &[u8]| of_kind(4, &[&[0x82, 0], minus].concat());
        assert_refused(&plus(refused), reason, &plus(taken));
        assert_refused(&minus(refused), reason, &minus(taken));
    }
}

#[test]
fn what_a_deleter_had_seen_is_a_state_vector() {
    assert_refused(&of_kind(5, &[0x41, 0]), "not a state vector", &of_kind(5, &[0x40]));
}

#[test]
fn an_epoch_over_the_bound_is_refused() {
    let at = |epoch: [u8; 4]| [&[0x85, 0, 0, 0, 0xf6, 0x1a][..], &epoch].concat();
    let taken = at([0x7f, 0xff, 0xff, 0xff]);
    assert_refused(&at([0x80, 0, 0, 0]), "an epoch is out of bounds", &taken);
    assert_eq!(decode(&taken).map(|entry| entry.epoch), Ok(MAX_EPOCH));
}

#[test]
fn covered_bases_that_are_odd_none_or_too_many_are_refused() {
    let covering = |covers: &[u8]| [&[0x86, 0, 0, 0, 0xf6, 0][..], covers].concat();
    let reason = "a bad count of covered bases";
    let one = covering(&[0x82, 7, 0]);
    assert_refused(&covering(&[0x81, 1]), reason, &one);
    assert_refused(&covering(&[0x80]), reason, &one);
    let many = |pairs: u16| {
        let clocks = (0..pairs).flat_map(|pair| {
            let mut number = Vec::new();
            Encoder::new(&mut number).u8(7).and_then(|out| out.u16(pair)).unwrap();
            number
        });
        covering(&[&[0x99][..], &(2 * pairs).to_be_bytes(), &clocks.collect::<Vec<_>>()].concat())
    };
    assert_refused(&many(4097), reason, &many(4096));
}

#[test]
fn covered_bases_out_of_order_twice_or_of_no_client_are_refused() {
    let covering = |covers: &[u8]| [&[0x86, 0, 0, 0, 0xf6, 0][..], covers].concat();
    let taken = covering(&[0x84, 7, 0, 9, 0]);
    assert_refused(&covering(&[0x84, 9, 0, 7, 0]), "covered bases are not sorted", &taken);
    assert_refused(&covering(&[0x84, 7, 0, 7, 0]), "covered bases are not sorted", &taken);
    let client = |last: [u8; 8]| covering(&[&[0x82, 0x1b][..], &last, &[0]].concat());
    let most = client([0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let over = client([0, 0x20, 0, 0, 0, 0, 0, 0]);
    assert_refused(&over, "a client id is out of bounds", &most);
}

#[test]
fn a_float_that_has_another_form_is_refused() {
    let float = |float: f64| [&[0xfb][..], &float.to_be_bytes()].concat();
    for other in [5.0, -0.0, f64::NAN, f64::INFINITY] {
        assert_value_refused(&float(other), "a float that has another form", &float(0.1));
    }
}

#[test]
fn a_counter_out_of_bounds_is_refused() {
    let first = |head: u8, last: u8| [0xc8, head, 0, 0x20, 0, 0, 0, 0, 0, last];
    assert_value_refused(&first(0x1b, 1), "a counter is out of bounds", &first(0x1b, 0));
    let least = [0xc8, 0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_value_refused(&first(0x3b, 0), "a counter is out of bounds", &least);
}

#[test]
fn tags_and_kinds_of_values_that_are_not_known_are_refused() {
    assert_value_refused(&[0xcc, 0xf6], "unknown tag", &[0xc7, 0xf6]);
    assert_value_refused(&[0xf7], "a value of no known kind", &[0xf6]);
    assert_value_refused(&[0xf9, 0x3c, 0], "a value of no known kind", &[1]);
}

#[test]
fn a_hash_of_another_length_is_refused() {
    for tag in [0xc7, 0xcb] {
        let hash = |length: u8| [vec![tag, 0x40 | length], vec![1; length.into()]].concat();
        for other in [0, 15, 17] {
            assert_value_refused(&hash(other), "a hash is 16 bytes", &hash(16));
        }
    }
}

#[test]
fn a_scalar_is_no_value_that_is_replaced_whole() {
    assert_value_refused(&[0xc9, 1], "a scalar is no tree", &[0xc9, 0x80]);
}

#[test]
fn elements_out_of_order_twice_or_of_another_kind_are_refused() {
    let taken = [0xca, 0x82, 1, 0x61, b'a'];
    assert_value_refused(&[0xca, 0x82, 0x61, b'a', 1], "elements are not sorted", &taken);
    assert_value_refused(&[0xca, 0x82, 1, 1], "elements are not sorted", &taken);
    assert_value_refused(&[0xca, 0x81, 0x41, 1], "not an element of a set", &taken);
}

#[test]
fn an_epoch_of_what_was_written_over_something_is_bounded() {
    let at = |epoch: [u8; 4]| [&[0x85, 0, 0, 0, 0xf6, 0x3a][..], &epoch].concat();
    let taken = at([0x7f, 0xff, 0xff, 0xff]);
    assert_refused(&at([0x80, 0, 0, 0]), "an epoch is out of bounds", &taken);
    assert_eq!(decode(&taken).map(|entry| (entry.epoch, entry.over)), Ok((MAX_EPOCH, true)));
}

#[test]
fn a_value_that_is_nested_too_deep_is_refused() {
    let deep = |depth: usize| [vec![0x81; depth], vec![0xf6]].concat();
    let reason = "a value is nested too deep";
    assert_value_refused(&deep(MAX_DEPTH + 1), reason, &deep(MAX_DEPTH));
    assert_value_refused(&deep(1 << 19), reason, &deep(MAX_DEPTH));
}

#[test]
fn bytes_behind_an_entry_are_refused() {
    let taken = of_kind(0, &[0xf6]);
    assert_refused(&[&taken[..], &[0]].concat(), "bytes behind the entry", &taken);
}

#[test]
fn an_entry_over_the_size_cap_is_refused() {
    let of_len = |len: usize| {
        let bytes = len - 9;
        let head = [&[0x5a][..], &(bytes as u32).to_be_bytes()].concat();
        of_kind(0, &[head, vec![1; bytes]].concat())
    };
    let taken = of_len(MAX_ENTRY_BYTES);
    assert_eq!(taken.len(), MAX_ENTRY_BYTES);
    assert_refused(&of_len(MAX_ENTRY_BYTES + 1), "over the size cap", &taken);
}
