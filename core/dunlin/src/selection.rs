//! Which documents of a collection are followed.

use dunlin_model::Collection;
use dunlin_store::{Limits, sql_name};
use serde_json::Value as Json;

use crate::live::Question;

/// Some documents of a collection, in an order: all of them by id, unless it says otherwise.
///
/// ```
/// # use dunlin::Selection;
/// let due = Selection::default()
///     .filter("json_extract(doc, '$.done') = ?", [false.into()])
///     .order_by("json_extract(doc, '$.due') DESC")
///     .limit(50);
/// ```
#[derive(Clone, Default, Debug)]
pub struct Selection {
    condition: Option<String>,
    parameters: Vec<Json>,
    order: Option<String>,
    limit: Option<usize>,
}

impl Selection {
    /// Keeps those for which a condition holds: SQL over `id`, `doc` (JSON) and `has_conflicts`.
    /// `parameters` are the values for the `?` in it and in the order, in the order of reading.
    #[must_use]
    pub fn filter(
        mut self,
        condition: impl Into<String>,
        parameters: impl IntoIterator<Item = Json>,
    ) -> Self {
        self.condition = Some(condition.into());
        self.parameters = parameters.into_iter().collect();
        self
    }

    /// Sorts them: SQL as it stands behind `ORDER BY`. Those that are alike in it are sorted by id.
    #[must_use]
    pub fn order_by(mut self, order: impl Into<String>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// Gives the first ones, at most this many of the 10,000 that any result has.
    #[must_use]
    pub fn limit(mut self, documents: usize) -> Self {
        self.limit = Some(documents);
        self
    }

    /// Asks for `id` and `doc` of the documents.
    pub(crate) fn documents(&self, of: &Collection) -> Question {
        let order = match &self.order {
            Some(order) => format!("{order}\n, id"),
            None => "id".to_owned(),
        };
        let mut sql =
            format!("SELECT id, doc FROM {}{} ORDER BY {order}", sql_name(of), self.condition());
        let rows = self.limit.unwrap_or(usize::MAX).min(Limits::default().rows);
        if self.limit.is_some() {
            // One more, to tell whether there are more.
            sql += &format!(" LIMIT {}", rows + 1);
        }
        Question::new(&sql, &self.parameters, rows)
    }

    /// Asks how many documents there are, without order or limit: one row of one column, `count`.
    pub(crate) fn count(&self, of: &Collection) -> Question {
        let sql = format!("SELECT count(*) AS count FROM {}{}", sql_name(of), self.condition());
        Question::new(&sql, &self.parameters, 1)
    }

    fn condition(&self) -> String {
        // A line of its own, so that a comment ends where the condition does.
        let condition = self.condition.as_ref();
        condition.map(|condition| format!(" WHERE (\n{condition}\n)")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_one_query_with_the_collection_quoted() {
        let order = "order".parse().unwrap();
        let all = Selection::default();
        assert_eq!(&*all.documents(&order).sql, "SELECT id, doc FROM \"order\" ORDER BY id");
        assert_eq!(&*all.count(&order).sql, "SELECT count(*) AS count FROM \"order\"");
        let some = all.filter("id > ? -- new", ["a".into()]).order_by("doc DESC").limit(2);
        let question = some.documents(&order);
        assert_eq!(
            &*question.sql,
            "SELECT id, doc FROM \"order\" WHERE (\nid > ? -- new\n) ORDER BY doc DESC\n, id LIMIT 3"
        );
        assert_eq!(question.limits.rows, 2);
        assert_eq!(*question.parameters, [Json::from("a")]);
    }
}
