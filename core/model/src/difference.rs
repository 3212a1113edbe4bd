//! Whole values compared: the edits that turn what was read into what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{
    edit::Edit,
    path::{Path, RegisterPath},
    value::Value,
};

/// By which field the items of a list are matched, for each list's path; a segment `*` stands for
/// every item or field: `/sections/*/steps` → `id`.
pub type ListKeys = BTreeMap<Path, String>;

/// Most cells of a comparison table; longer texts are replaced between their common ends.
const MAX_CELLS: usize = 4_000_000;

/// The edits that turn `read` into `new`, to be made one after the other.
pub(crate) fn edits(read: &Value, new: &Value, keys: &ListKeys) -> Vec<Edit> {
    let mut difference = Difference { keys, edits: Vec::new() };
    difference.compare(&Path::default(), read, new);
    difference.edits
}

/// `read` after a merge patch (RFC 7396).
pub(crate) fn patched(read: &Value, patch: &BTreeMap<String, Value>) -> Value {
    let mut fields = match read {
        Value::Object(fields) => fields.clone(),
        _ => BTreeMap::new(),
    };
    for (key, value) in patch {
        match value {
            Value::Null => {
                fields.remove(key);
            }
            Value::Object(patch) => {
                let before = fields.remove(key).unwrap_or(Value::Null);
                fields.insert(key.clone(), patched(&before, patch));
            }
            value => {
                fields.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(fields)
}

/// A patch that begins something new: without its nulls.
pub(crate) fn without_nulls(patch: &Value) -> Value {
    match patch {
        Value::Object(fields) => patched(&Value::Null, fields),
        value => value.clone(),
    }
}

/// Writes of what a patch names and finds as it is, where a conflict is open: saying the same again
/// settles it.
pub(crate) fn settled(patch: &Value, read: &Value, contested: &[RegisterPath]) -> Vec<Edit> {
    let mut settled = Settled { contested, edits: Vec::new() };
    settled.collect(&Path::default(), &RegisterPath::root(), patch, Some(read));
    settled.edits
}

struct Settled<'a> {
    contested: &'a [RegisterPath],
    edits: Vec<Edit>,
}

impl Settled<'_> {
    fn collect(
        &mut self,
        path: &Path,
        register: &RegisterPath,
        patch: &Value,
        read: Option<&Value>,
    ) {
        match (patch, read) {
            (Value::Object(patch), Some(Value::Object(read))) => {
                for (key, value) in patch {
                    self.collect(&path.child(key), &register.key(key), value, read.get(key));
                }
            }
            (Value::Null, None) if self.is_open(register) => {
                self.edits.push(Edit::Remove { path: path.clone() });
            }
            (patch, Some(read)) if same(patch, read) => {
                let is_open = match patch {
                    // Never written whole for what its items are contested for.
                    Value::List(_) => self.contested.contains(register),
                    _ => self.is_open(register),
                };
                if is_open {
                    self.edits.push(Edit::Set { path: path.clone(), value: read.clone() });
                }
            }
            _ => {}
        }
    }

    /// Whether something lost here or below.
    fn is_open(&self, register: &RegisterPath) -> bool {
        self.contested.iter().any(|path| register.holds(path))
    }
}

/// Whether plain JSON handed over says what a value of a richer kind says.
fn same(new: &Value, read: &Value) -> bool {
    match (new, read) {
        (Value::String(new), Value::Text(read)) => new == read,
        (Value::Int(new), Value::Counter(read)) => new == read,
        (new, read) => new == read,
    }
}

struct Difference<'a> {
    keys: &'a ListKeys,
    edits: Vec<Edit>,
}

impl Difference<'_> {
    fn compare(&mut self, path: &Path, read: &Value, new: &Value) {
        match (read, new) {
            _ if same(new, read) => {}
            (Value::Object(read), Value::Object(new)) => {
                for key in read.keys().filter(|key| !new.contains_key(*key)) {
                    self.edits.push(Edit::Remove { path: path.child(key) });
                }
                for (key, value) in new {
                    match read.get(key) {
                        Some(read) => self.compare(&path.child(key), read, value),
                        None => self.set(&path.child(key), value),
                    }
                }
            }
            (Value::Text(read), Value::String(new) | Value::Text(new)) => {
                self.text(path, read, new)
            }
            (Value::Counter(read), Value::Int(new) | Value::Counter(new)) => {
                let by = new.saturating_sub(*read);
                self.edits.push(Edit::Increment { path: path.clone(), by });
            }
            (Value::List(read), Value::List(new)) => match self.key_of(path) {
                Some(key) => self.keyed_list(path, read, new, &key),
                None => self.list(path, read, new),
            },
            _ => self.set(path, new),
        }
    }

    fn set(&mut self, path: &Path, value: &Value) {
        self.edits.push(Edit::Set { path: path.clone(), value: value.clone() });
    }

    fn key_of(&self, path: &Path) -> Option<String> {
        let fits = |pattern: &Path| {
            let (pattern, path) = (pattern.segments(), path.segments());
            pattern.len() == path.len()
                && pattern.iter().zip(path).all(|(pattern, step)| pattern == "*" || pattern == step)
        };
        self.keys.iter().find(|(pattern, _)| fits(pattern)).map(|(_, key)| key.clone())
    }

    fn text(&mut self, path: &Path, read: &str, new: &str) {
        let read: Vec<char> = read.chars().collect();
        let new: Vec<char> = new.chars().collect();
        let units = |chars: &[char]| chars.iter().map(|it| it.len_utf16() as u32).sum::<u32>();
        let mut shift = 0;
        for (start, deleted, inserted) in replacements(&read, &new) {
            let at = units(&read[..start]).wrapping_add(shift);
            let (delete, insert) = (units(deleted), units(inserted));
            self.edits.push(Edit::Splice {
                path: path.clone(),
                at,
                delete,
                insert: inserted.iter().collect(),
            });
            // Wraps below zero in between; the sum is an index again.
            shift = shift.wrapping_add(insert).wrapping_sub(delete);
        }
    }

    /// Matches by the longest common subsequence; where as many items stand against each other,
    /// they are taken for edited ones.
    fn list(&mut self, path: &Path, read: &[Value], new: &[Value]) {
        let print = |items: &[Value]| -> Vec<String> {
            items.iter().map(|item| item.to_tagged_json().to_string()).collect()
        };
        let (old_text, new_text) = (print(read), print(new));
        // Later places first, so that earlier indices stay true.
        for op in replaced_ranges(&old_text, &new_text).into_iter().rev() {
            let (old, fresh) = (op.old, op.new);
            let edited = old.len().min(fresh.len());
            for index in (old.start + edited..old.end).rev() {
                self.edits.push(Edit::DeleteItem { path: path.clone(), at: index as u32 });
            }
            for offset in (edited..fresh.len()).rev() {
                let value = new[fresh.start + offset].clone();
                let at = (old.start + edited) as u32;
                self.edits.push(Edit::Insert { path: path.clone(), at, value });
            }
            for offset in 0..edited {
                let item = path.child((old.start + offset).to_string());
                self.compare(&item, &read[old.start + offset], &new[fresh.start + offset]);
            }
        }
    }

    fn keyed_list(&mut self, path: &Path, read: &[Value], new: &[Value], key: &str) {
        let name = |item: &Value| match item {
            Value::Object(fields) => fields.get(key).map(|it| it.to_tagged_json().to_string()),
            _ => None,
        };
        let wanted: BTreeSet<_> = new.iter().filter_map(name).collect();
        let mut order: Vec<Option<usize>> = (0..read.len()).map(Some).collect();
        for index in (0..read.len()).rev() {
            if name(&read[index]).is_none_or(|name| !wanted.contains(&name)) {
                self.edits.push(Edit::DeleteItem { path: path.clone(), at: index as u32 });
                order.remove(index);
            }
        }
        for (to, item) in new.iter().enumerate() {
            let known = name(item).and_then(|wanted| {
                (to..order.len()).find(|at| {
                    order[*at].is_some_and(|old| name(&read[old]).as_ref() == Some(&wanted))
                })
            });
            match known {
                Some(from) => {
                    if from != to {
                        let (from, to) = (from as u32, to as u32);
                        self.edits.push(Edit::Move { path: path.clone(), from, to });
                    }
                    let old = order.remove(from);
                    order.insert(to, old);
                    if let Some(old) = old {
                        self.compare(&path.child(to.to_string()), &read[old], item);
                    }
                }
                None => {
                    let value = item.clone();
                    self.edits.push(Edit::Insert { path: path.clone(), at: to as u32, value });
                    order.insert(to, None);
                }
            }
        }
        // Second items of one key.
        for index in (new.len()..order.len()).rev() {
            self.edits.push(Edit::DeleteItem { path: path.clone(), at: index as u32 });
        }
    }
}

/// Ranges that differ, in order.
struct Replaced {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

fn replaced_ranges<T: Eq + std::hash::Hash + Ord>(old: &[T], new: &[T]) -> Vec<Replaced> {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let old_middle = &old_rest[..old_rest.len() - suffix];
    let new_middle = &new_rest[..new_rest.len() - suffix];
    if old_middle.len().saturating_mul(new_middle.len()) > MAX_CELLS
        || old_middle.is_empty()
        || new_middle.is_empty()
    {
        let replaced = Replaced {
            old: prefix..prefix + old_middle.len(),
            new: prefix..prefix + new_middle.len(),
        };
        return if old_middle.is_empty() && new_middle.is_empty() {
            Vec::new()
        } else {
            vec![replaced]
        };
    }
    capture_diff_slices(Algorithm::Myers, old_middle, new_middle)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Replaced {
            old: prefix + op.old_range().start..prefix + op.old_range().end,
            new: prefix + op.new_range().start..prefix + op.new_range().end,
        })
        .collect()
}

/// Where characters differ: index, what goes, what comes.
fn replacements<'a>(old: &'a [char], new: &'a [char]) -> Vec<(usize, &'a [char], &'a [char])> {
    replaced_ranges(old, new)
        .into_iter()
        .map(|range| (range.old.start, &old[range.old], &new[range.new]))
        .collect()
}
