//! SQL, once or live.

use dunlin::{Difference, InvalidInput, JsonText, Node, Placed, QueryChange, Row};
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json, json};

use crate::{
    args::Query,
    failure::{Failure, Problem},
    human::table,
    out::Out,
};

pub(super) async fn once(node: &Node, query: &Query, out: &mut Out) -> Result<(), Failure> {
    let space = node.space(&query.space)?;
    let rows = space.query(&query.sql, &parameters(&query.params)?).await?;
    if out.is_json() {
        for row in &rows.rows {
            out.json(object(&rows.columns, row)).await?;
        }
        return Ok(());
    }
    out.text(&show(&rows.columns, &rows.rows)).await
}

pub(super) async fn watch(node: &Node, query: &Query, out: &mut Out) -> Result<(), Failure> {
    let space = node.space(&query.space)?;
    let mut live = space.watch(&query.sql, &parameters(&query.params)?);
    let mut columns = Vec::new();
    while let Some(change) = live.next().await? {
        match change {
            QueryChange::Snapshot(rows) => {
                columns = rows.columns;
                let objects: Json = rows.rows.iter().map(|row| object(&columns, row)).collect();
                let snapshot = json!({"snapshot": objects, "more": rows.more});
                out.item(snapshot, || show(&columns, &rows.rows) + more(rows.more)).await?;
            }
            QueryChange::Difference(change) => {
                out.item(describe(&columns, &change), || tell(&change) + more(change.more)).await?;
            }
            QueryChange::Failed(error) => {
                let told = || format!("{error}\n{}", error.remedy());
                out.item(json!({"failed": Problem::from(&error)}), told).await?;
            }
        }
        out.flush().await?;
    }
    Err(Failure::node_stopped())
}

/// A scalar in JSON is that scalar, and refused where it cannot be held; everything else is the
/// string that was written.
fn parameters(texts: &[String]) -> Result<Vec<Json>, InvalidInput> {
    let parameter = |text: &String| match JsonText::new(text, "the parameter").json() {
        Ok(Json::Array(_) | Json::Object(_)) => Ok(Json::from(text.as_str())),
        Ok(scalar) => Ok(scalar),
        Err(refused) if is_scalar(text) => Err(refused),
        Err(_) => Ok(Json::from(text.as_str())),
    };
    texts.iter().map(parameter).collect()
}

/// Whether this is a number or a string as JSON writes them, whatever it says.
fn is_scalar(text: &str) -> bool {
    !text.trim_start().starts_with(['[', '{']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A row with its columns' names; of columns called the same, later ones get a number.
fn object(columns: &[String], row: &[Json]) -> Json {
    let mut object = Map::new();
    for (column, value) in columns.iter().zip(row) {
        let mut name = column.clone();
        let mut count = 1;
        while object.contains_key(&name) {
            count += 1;
            name = format!("{column}:{count}");
        }
        object.insert(name, value.clone());
    }
    Json::Object(object)
}

fn describe(columns: &[String], change: &Difference) -> Json {
    let placed = |rows: &[Placed]| -> Json {
        rows.iter().map(|row| json!({"at": row.at, "row": object(columns, &row.row)})).collect()
    };
    let moved: Json =
        change.moved.iter().map(|row| json!({"from": row.from, "to": row.to})).collect();
    json!({
        "removed": change.removed,
        "inserted": placed(&change.inserted),
        "moved": moved,
        "changed": placed(&change.changed),
        "more": change.more,
    })
}

/// What a person is told of rows that are not shown.
fn more(more: bool) -> &'static str {
    if more { "\n(there are more rows)" } else { "" }
}

fn show(columns: &[String], rows: &[Row]) -> String {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    table(&columns, &rows)
}

fn tell(change: &Difference) -> String {
    let cells = |row: &[Json]| row.iter().map(cell).collect::<Vec<_>>().join("  ");
    let mut lines: Vec<String> =
        change.removed.iter().map(|index| format!("- row {index}")).collect();
    lines.extend(change.moved.iter().map(|row| format!("> row {} to {}", row.from, row.to)));
    for (mark, rows) in [('+', &change.inserted), ('~', &change.changed)] {
        let line = |row: &Placed| format!("{mark} row {}  {}", row.at, cells(&row.row));
        lines.extend(rows.iter().map(line));
    }
    lines.join("\n")
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_type_and_the_rest_are_strings() {
        let texts = ["5", "1.5", "true", "null", "\"5\"", "ab c", "[1]"].map(str::to_owned);
        let expected = json!([5, 1.5, true, null, "5", "ab c", "[1]"]);
        assert_eq!(Json::from(parameters(&texts).unwrap()), expected);
    }

    #[test]
    fn a_scalar_that_would_be_changed_is_refused() {
        for text in ["1e400", "18446744073709551615", "\"\\ud800\""] {
            assert!(parameters(&[text.to_owned()]).is_err(), "{text}");
        }
    }

    #[test]
    fn columns_called_the_same_all_show() {
        let columns = ["n", "n", "m"].map(str::to_owned);
        let row = [json!(1), json!(2), json!(3)];
        assert_eq!(object(&columns, &row), json!({"n": 1, "n:2": 2, "m": 3}));
    }
}
