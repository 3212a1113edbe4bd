//! Decides, while SQLite compiles a query, what it may touch.
//!
//! SQLite names the table that is read and the view through which it is read. The view's name
//! proves nothing: `WITH tasks AS (SELECT body FROM _statements) …` reports it as `tasks`. So only
//! the table counts. Every internal table's name starts with `_`; the tables of projections and of
//! full-text indexes have a colon in theirs, which no other name has.

use dunlin_model::Collection;
use rusqlite::hooks::{AuthAction, Authorization};

use crate::names::collection_of_table;

/// What the authorizer says about one access.
pub(super) enum Verdict {
    Allow,
    /// Allowed, and the result depends on this collection.
    Read(Collection),
    /// Refused; says what was tried.
    Deny(String),
}

impl Verdict {
    pub(super) fn authorization(&self) -> Authorization {
        match self {
            Self::Allow | Self::Read(_) => Authorization::Allow,
            Self::Deny(_) => Authorization::Deny,
        }
    }
}

/// Judges one access. `modules` are the names of the virtual tables that SQLite has built in.
pub(super) fn judge(action: &AuthAction<'_>, modules: &[String]) -> Verdict {
    match action {
        AuthAction::Select | AuthAction::Recursive => Verdict::Allow,
        AuthAction::Read { table_name, .. } => judge_read(table_name, modules),
        AuthAction::Function { function_name } => {
            if is_safe_function(function_name) {
                Verdict::Allow
            } else {
                Verdict::Deny(format!("call {function_name}()"))
            }
        }
        // The full-text index asks by itself whether another connection has written.
        AuthAction::Pragma { pragma_name: "data_version", pragma_value: None } => Verdict::Allow,
        AuthAction::Pragma { pragma_name, .. } => {
            Verdict::Deny(format!("use PRAGMA {pragma_name}"))
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
            Verdict::Deny("attach or detach a database".to_owned())
        }
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            Verdict::Deny("begin or end a transaction".to_owned())
        }
        _ => Verdict::Deny("change anything".to_owned()),
    }
}

fn judge_read(table: &str, modules: &[String]) -> Verdict {
    if let Some(collection) = collection_of_table(table) {
        return Verdict::Read(collection);
    }
    let lower = table.to_ascii_lowercase();
    if lower == "json_each" || lower == "json_tree" {
        return Verdict::Allow;
    }
    // What is left is a view of ours or a name from a WITH clause; both lead to tables that are
    // judged by themselves.
    let is_internal = lower.starts_with('_')
        || lower.starts_with("rows:_")
        || lower.starts_with("sqlite_")
        || lower.starts_with("pragma_")
        || modules.contains(&lower);
    if is_internal { Verdict::Deny(format!("read {table}")) } else { Verdict::Allow }
}

fn is_safe_function(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("json") || SAFE.binary_search(&name.as_str()).is_ok()
}

/// Functions that look at their arguments only; sorted. Every name that starts with `json` too.
const SAFE: &[&str] = &[
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "bm25",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "highlight",
    "if",
    "ifnull",
    "iif",
    "instr",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "match",
    "max",
    "median",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "percentile",
    "percentile_cont",
    "percentile_disc",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "snippet",
    "soundex",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_safe_functions_is_sorted() {
        assert!(SAFE.is_sorted());
    }
}
